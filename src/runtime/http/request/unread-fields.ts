/**
 * Finds fields in the head of a request that nobody has parsed: it is refused before, or the main thread,
 * which has no parser, answers it.
 *
 * Only whole lines before the first empty one count, and only visible characters. A browser writes neither
 * line breaks nor a second Origin into a head, whatever a script asks for. Of any other client the answer
 * needs no protection.
 */

const LONGEST_HEAD_BYTES = 65_536;
const EMPTY_LINE = '\n\r\n';

const patterns = new Map<string, RegExp>();

export class UnreadFields {
  readonly #head: string;

  /** @param bytes of the request, from its first byte on. It may be incomplete or invalid */
  constructor(bytes: Buffer) {
    const end = bytes.indexOf(EMPTY_LINE, 0, 'latin1');
    const length = end < 0 ? bytes.length : end + EMPTY_LINE.length;
    this.#head = bytes.toString('latin1', 0, Math.min(length, LONGEST_HEAD_BYTES));
  }

  /**
   * @param lowerName a token
   * @returns undefined if there is no such field, or several, or one whose value has other characters
   */
  header(lowerName: string): string | undefined {
    const [first, second] = this.#head.matchAll(patternOf(lowerName));
    return second === undefined ? first?.[1] : undefined;
  }
}

/** They are few: the names stand in the source. */
function patternOf(lowerName: string): RegExp {
  let pattern = patterns.get(lowerName);
  if (pattern === undefined) {
    pattern = new RegExp(`\\n${lowerName}:[ \\t]*([!-~]+)[ \\t]*(?=\\r\\n)`, 'gi');
    patterns.set(lowerName, pattern);
  }
  return pattern;
}
