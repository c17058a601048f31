/**
 * Predicts the answers of a server to the bytes of one connection, as far as its core decides them: the
 * number of requests, those with HEAD, the answer to a refused one, and the end of the connection.
 */

import * as r from '../../assembly/record.ts';
import type { Core } from '../../src/runtime/core/core.ts';
import type { Arena } from './arena.ts';
import { bodyOf } from './llhttp-comparison.ts';

export interface Prediction {
  /** For each complete request, the body that an echo returns. undefined if the route is no echo. */
  readonly echoes: readonly (string | undefined)[];
  /** Indexes of the requests with HEAD, the refused or unfinished one included. */
  readonly heads: readonly number[];
  /** The status that the request behind them is refused with. */
  readonly refusal: number | undefined;
  /** The bytes end inside of a request. */
  readonly unfinished: boolean;
}

/** @param echoRoutes numbers of the routes that return the body they were sent */
export function predict(
  arena: Arena,
  core: Core,
  input: Uint8Array,
  echoRoutes: ReadonlySet<number>,
): Prediction {
  const echoes: (string | undefined)[] = [];
  const heads: number[] = [];
  let rest = input;
  while (rest.length > 0) {
    arena.feed(core, rest);
    const { record } = core;
    if (record[r.STATUS] !== r.PARSE_COMPLETE && beginsWithHead(rest)) heads.push(echoes.length);
    if (record[r.STATUS] === r.PARSE_ERROR) {
      return { echoes, heads, refusal: record[r.ERROR_STATUS], unfinished: false };
    }
    if (record[r.STATUS] === r.PARSE_NEED) return { echoes, heads, refusal: undefined, unfinished: true };
    if (record[r.METHOD] === r.METHOD_HEAD) heads.push(echoes.length);
    echoes.push(echoRoutes.has(record[r.ROUTE] ?? -1) ? bodyOf(record, rest) : undefined);
    if (((record[r.FLAGS] ?? 0) & r.FLAG_KEEP_ALIVE) === 0) break;
    rest = rest.subarray(record[r.CONSUMED]);
  }
  return { echoes, heads, refusal: undefined, unfinished: false };
}

function beginsWithHead(request: Uint8Array): boolean {
  return /^(?:\r\n)*HEAD /.test(Buffer.from(request).toString('latin1'));
}

/**
 * True if "HEAD " begins a line, but not a request after an ordinary one. The server may refuse misplaced
 * line breaks before or after it sees HEAD. So the refusal may have content or not.
 */
export function hasStrayHead(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString('latin1');
  return /[\r\n]HEAD /.test(text.replaceAll(/(?<![\r\n])\r\n\r\nHEAD /g, ''));
}

/**
 * True if a request other than a POST or PUT of an echo may have content. If no route takes it and its
 * content has not come yet, it is answered before the content and the connection closes. Otherwise the
 * connection persists.
 */
export function mayDeclineContent(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString('latin1');
  if (!/\nexpect:/i.test(text)) return false;
  return text.replaceAll(/(?<=^|\n)(?:POST|PUT) \/echo HTTP\//g, '').includes('HTTP/');
}

/**
 * True where the end of a stream may be the end of the connection: its length is not known beforehand, and
 * HTTP/1.0 has no chunks (RFC 9112, section 6.3). The core does not know which routes stream.
 */
export function mayEndWithStream(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString('latin1');
  return text.includes('/stream') && text.includes('HTTP/1.0');
}
