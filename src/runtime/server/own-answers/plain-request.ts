/**
 * Reads the head of a request for main, which has no parser. It understands only what is simple: GET or HEAD
 * of exactly a path, fields that are plainly valid, and none that asks for more than an answer. All else
 * waits for a worker. Main thread, part of own-answers.ts.
 */

import { MAX_HEADERS } from '../../../../assembly/record.ts';

const FIELD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n";
const SIMPLE_HEAD = new RegExp(`^(GET|HEAD) (/[!-~]*) HTTP/1\\.1\\r\\n(?:${FIELD}){1,${MAX_HEADERS}}\\r\\n$`);
/** A longer head may be longer than MAX_HEADER_BYTES. */
const MOST_BYTES = 4096;
const HOSTS = /\nhost:/gi;
/** A name or IPv4 address, or the loopback address of IPv6, and a port that is certainly below 65536. */
const SIMPLE_HOST = /\nhost:[ \t]*(?:[\w.-]+|\[::1\])(?::[0-5]?\d{1,4})?[ \t]*\r/i;
const ASKS_FOR_MORE = /\n(?:content-length|transfer-encoding|connection|upgrade|expect|if-[\w-]+|range):/i;
const AUTHORIZATION = /\nauthorization:[ \t]*([^\r]*?)[ \t]*\r/gi;

export interface PlainRequest {
  readonly isHead: boolean;
  readonly path: string;
  /** undefined if there is none, or more than one. */
  readonly authorization: string | undefined;
}

/**
 * @param head of a request, complete
 * @param answersTo whether main has an answer for a path
 * @returns null if a worker must read it
 */
export function plainRequest(head: Buffer, answersTo: (path: string) => boolean): PlainRequest | null {
  if (head.length > MOST_BYTES) return null;
  const text = head.toString('latin1');
  const [, method, path = ''] = SIMPLE_HEAD.exec(text) ?? [];
  if (!answersTo(path) || ASKS_FOR_MORE.test(text)) return null;
  if (text.match(HOSTS)?.length !== 1 || !SIMPLE_HOST.test(text)) return null;
  const [authorization, ...others] = text.matchAll(AUTHORIZATION);
  return {
    isHead: method === 'HEAD',
    path,
    authorization: others.length === 0 ? authorization?.[1] : undefined,
  };
}
