/**
 * The field `traceparent` (W3C Trace Context): which trace a request belongs to. `tracestate` is not read,
 * because whoever does not change a trace does not need it.
 */

export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Those that are known: sampled, and that the id is random. */
  readonly flags: number;
}

/** The comma and the space are left out of what a later version may add: two fields are joined by them. */
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-[!-+\--~]*)?$/;
const ZEROS = /^0+$/;
const INVALID_VERSION = 'ff';
const KNOWN_FLAGS = 0b11;

/**
 * A later version may be longer, and is read like this one (section 4.3.2, "versioning of traceparent").
 * @param field undefined if there is none. Several fields are invalid
 * @returns undefined if it is not valid. Then the request belongs to no trace
 */
export function parseTraceparent(field: string | undefined): TraceContext | undefined {
  if (field === undefined) return undefined;
  const [, version, traceId = '', parentId = '', flags = '', more] = TRACEPARENT.exec(field) ?? [];
  if (version === undefined || version === INVALID_VERSION) return undefined;
  if (version === '00' && more !== undefined) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return undefined;
  return { traceId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

/** In the version that this server knows. */
export function formatTraceparent({ traceId, flags }: TraceContext, spanId: string): string {
  return `00-${traceId}-${spanId}-0${flags}`;
}
