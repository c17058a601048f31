/**
 * Compares what a core accepts with what llhttp accepts, request by request along a connection, and names the
 * first disagreement. Every name that may come up is explained in test/conformance/llhttp-disagreements.ts.
 */

import * as r from '../../assembly/record.ts';
import type { Core } from '../../src/runtime/core/core.ts';
import type { Arena } from './arena.ts';
import type { Llhttp, LlhttpRequest } from './llhttp.ts';

/** REASON_ names by number, to name disagreements by. */
const REASONS: ReadonlyMap<number, string> = new Map(
  Object.entries(r).flatMap(([name, value]) => (name.startsWith('REASON_') ? [[value, name.slice(7)]] : [])),
);

export interface Disagreement {
  readonly name: string;
  /** The request in question, as the parser that accepted it read it. */
  readonly accepted: string;
  readonly detail: string;
}

/** The first disagreement of the two over `input`. undefined if there is none. */
export function compareWithLlhttp(
  arena: Arena,
  core: Core,
  llhttp: Llhttp,
  input: Uint8Array,
): Disagreement | undefined {
  const theirs = llhttp.parse(input);
  let start = 0;
  for (let index = 0; start < input.length; index++) {
    const rest = input.subarray(start);
    arena.feed(core, rest);
    const { record } = core;
    const their = theirs.requests[index];
    if (record[r.STATUS] !== r.PARSE_COMPLETE)
      return their && notAccepted(record, their, text(rest, 0, their.end - start));
    if (their === undefined) {
      const accepted = text(rest, 0, record[r.CONSUMED]);
      return { name: `accepted, llhttp: ${theirs.error ?? 'wants more'}`, accepted, detail: '' };
    }
    const difference = differenceOf(record, rest, start, their);
    if (difference !== undefined) return difference;
    const persists = ((record[r.FLAGS] ?? 0) & r.FLAG_KEEP_ALIVE) !== 0;
    if (!persists || their.upgrade) return undefined;
    start += record[r.CONSUMED] ?? 0;
  }
  return undefined;
}

function notAccepted(record: Int32Array, their: LlhttpRequest, accepted: string): Disagreement {
  const detail = `llhttp accepts ${JSON.stringify(their)}`;
  if (isConnectWithBody(accepted)) return { name: 'body of CONNECT', accepted, detail };
  if (record[r.STATUS] === r.PARSE_NEED) return { name: 'waits for more', accepted, detail };
  return { name: `refused: ${REASONS.get(record[r.ERROR_REASON] ?? -1)}`, accepted, detail };
}

/** llhttp ends every CONNECT request with its head. */
function isConnectWithBody(request: string): boolean {
  return /^(?:\r\n)*CONNECT [\s\S]*\r\n(?:content-length|transfer-encoding):/i.test(request);
}

/** The first difference of the two in a request that both accept. */
function differenceOf(
  record: Int32Array,
  bytes: Uint8Array,
  start: number,
  their: LlhttpRequest,
): Disagreement | undefined {
  const end = start + (record[r.CONSUMED] ?? 0);
  const fields = fieldsOf(record, bytes);
  const target = text(bytes, record[r.TARGET_START], record[r.TARGET_LENGTH]);
  const checks: [name: string, ours: unknown, theirs: unknown][] = [
    ['target', target, their.target],
    ['fields', JSON.stringify(fields), JSON.stringify(trimmed(their.fields))],
    ['end', end, their.end],
    ['body', bodyOf(record, bytes), their.body],
    ['persistence', ((record[r.FLAGS] ?? 0) & r.FLAG_KEEP_ALIVE) !== 0, their.keepAlive],
  ];
  const accepted = text(bytes, 0, record[r.CONSUMED]);
  for (const [what, ours, theirs] of checks) {
    if (ours === theirs) continue;
    const name = isConnectWithBody(accepted) ? 'body of CONNECT' : `different ${what}`;
    return { name, accepted, detail: `${String(ours)} and ${String(theirs)}` };
  }
  return undefined;
}

function fieldsOf(record: Int32Array, bytes: Uint8Array): [string, string][] {
  return Array.from({ length: record[r.HEADER_COUNT] ?? 0 }, (_, index) => {
    const entry = r.HEADERS + index * r.HEADER_WORDS;
    return [text(bytes, record[entry], record[entry + 1]), text(bytes, record[entry + 2], record[entry + 3])];
  });
}

/**
 * llhttp leaves the white space behind a value to its user. Node takes it off, as RFC 9112, section 5.1 asks.
 */
function trimmed(fields: LlhttpRequest['fields']): [string, string][] {
  return fields.map(([name, value]) => [name, value.replace(/[ \t]+$/, '')]);
}

/**
 * Content of a complete request as it was sent: chunks decoded once more, by other code than the server's.
 */
export function bodyOf(record: Int32Array, bytes: Uint8Array): string {
  const wire = text(bytes, record[r.BODY_START], record[r.BODY_WIRE_LENGTH]);
  if (((record[r.FLAGS] ?? 0) & r.FLAG_CHUNKED) === 0) return wire;
  let content = '';
  for (let position = 0; ; ) {
    const size = Number.parseInt(wire.slice(position), 16);
    if (size === 0) return content;
    const data = wire.indexOf('\n', position) + 1;
    content += wire.slice(data, data + size);
    position = data + size + 2;
  }
}

function text(bytes: Uint8Array, start = 0, length = 0): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
}
