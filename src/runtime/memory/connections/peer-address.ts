/**
 * IP addresses as four 32-bit words for the connection table, written by the main thread when a client
 * connects and read by workers that ask for `request.remoteAddress`. IPv4 is stored IPv4-mapped
 * (RFC 4291, section 2.5.5.2).
 */

const MAPPED = 0xffff;

/** @returns four words in network order; all 0 for what is no IP address */
export function addressToWords(address: string): [number, number, number, number] {
  const text = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  if (!text.includes(':')) {
    const parts = text.split('.').map(Number);
    if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return [0, 0, 0, 0];
    return [0, 0, MAPPED, parts.reduce((word, part) => (word << 8) | part, 0)];
  }
  const [front = '', back = ''] = text.split('%', 1).join('').split('::');
  const head = front === '' ? [] : front.split(':');
  const tail = back === '' ? [] : back.split(':');
  const groups = [...head, ...new Array(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail].map(
    (group) => Number.parseInt(group, 16),
  );
  const word = (index: number) => ((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0);
  return [word(0), word(2), word(4), word(6)];
}

/** The text of RFC 5952 without its "::" for single runs: enough to compare and to log. */
export function wordsToAddress(a: number, b: number, c: number, d: number): string {
  if (a === 0 && b === 0 && c === MAPPED) {
    return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
  }
  const groups = [a, b, c, d].flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]);
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}
