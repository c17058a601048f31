/**
 * What a server must answer to the bytes of one connection, as far as its core alone decides that: how many
 * requests there are, which of them answer HEAD, what a refused one is told, and when the connection ends.
 */

import * as r from '../../assembly/record.ts';
import type { Core } from '../../src/runtime/core/core.ts';
import type { Arena } from './arena.ts';
import { bodyOf } from './llhttp-comparison.ts';

export interface Prediction {
  /** For each complete request, the body that an echo returns. undefined where the route is no echo. */
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
 * True where "HEAD " begins a line, but not a request behind an ordinary one: line breaks at the wrong place
 * may be refused before or after it is seen that HEAD follows them, so whether the refusal has content is
 * left open.
 */
export function hasStrayHead(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString('latin1');
  return /[\r\n]HEAD /.test(text.replaceAll(/(?<![\r\n])\r\n\r\nHEAD /g, ''));
}

/**
 * True where content may be expected of a request that is no POST or PUT of an echo: if no route takes it, it
 * is answered before its content where that has not come yet, and the connection closes. Otherwise it lives
 * on.
 */
export function mayDeclineContent(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString('latin1');
  if (!/\nexpect:/i.test(text)) return false;
  return text.replaceAll(/(?<=^|\n)(?:POST|PUT) \/echo HTTP\//g, '').includes('HTTP/');
}
