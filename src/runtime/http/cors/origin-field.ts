/**
 * Finds the Origin of a request that is refused before anybody has parsed it, or that the main thread, which
 * has no parser, answers. A worker and the main thread use it.
 *
 * Only whole lines before the first empty one count. A browser writes neither line breaks nor a second Origin
 * into a head, whatever a script asks for. Of any other client the answer needs no protection.
 */

const LONGEST_HEAD_BYTES = 65_536;
const ORIGIN_LINE = /\norigin:[ \t]*([!-~]+)[ \t]*(?=\r\n)/gi;
const EMPTY_LINE = '\n\r\n';

/**
 * @param bytes of the request, from its first byte on. It may be incomplete or invalid
 * @returns undefined if it names no origin, or several
 */
export function originOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1', 0, LONGEST_HEAD_BYTES);
  const end = text.indexOf(EMPTY_LINE);
  const head = end < 0 ? text : text.slice(0, end + EMPTY_LINE.length);
  const [first, second] = head.matchAll(ORIGIN_LINE);
  return second === undefined ? first?.[1] : undefined;
}
