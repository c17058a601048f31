/**
 * Lower-case names of the well-known header fields and their HEADER_ numbers (assembly/record.ts). The
 * request asks here whether a field can be found by number. The JS core recognises names with it.
 */

import { MAX_WELL_KNOWN } from '../../../assembly/record.ts';

/** The names, in the order of their HEADER_ numbers. */
export const WELL_KNOWN_HEADERS: readonly string[] = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'content-type',
  'authorization',
  'accept',
  'accept-encoding',
  'accept-language',
  'user-agent',
  'cookie',
  'origin',
  'referer',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'cache-control',
  'upgrade',
  'x-forwarded-for',
  'forwarded',
  'idempotency-key',
  'last-event-id',
  'trailer',
  'te',
  'access-control-request-method',
  'access-control-request-headers',
  'content-encoding',
  'date',
  'if-unmodified-since',
  'via',
  'range',
];

if (WELL_KNOWN_HEADERS.length !== MAX_WELL_KNOWN) {
  throw new Error('src/runtime/core/well-known-headers.ts and assembly/record.ts disagree');
}

const NUMBERS = new Map(WELL_KNOWN_HEADERS.map((name, number) => [name, number]));

/** The HEADER_ number of a lower-case field name. Undefined if it has none. */
export function wellKnownHeaderNumber(lowerCaseName: string): number | undefined {
  return NUMBERS.get(lowerCaseName);
}
