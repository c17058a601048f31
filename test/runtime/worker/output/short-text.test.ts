/** Measuring and writing texts, short and long, beside what Node.js does. */

import { describe, expect, test } from 'vitest';
import { utf8Length, writeText } from '../../../../src/runtime/worker/output/short-text.ts';

const ADDRESS = 3;

const TEXTS = [
  '',
  'a',
  '{"status":"ok"}',
  'x'.repeat(32),
  'x'.repeat(33),
  'x'.repeat(5_000),
  '\u007f\u0000',
  'caf\u00e9',
  '\u00ff'.repeat(32),
  `${'x'.repeat(40)}\u00e9`,
  '\u20ac\u{1f600}',
  // Half of a pair.
  'a\ud83d',
  `${'left '}${'and right'.toUpperCase()}`,
];

describe.each(TEXTS)('%j', (text) => {
  const expected = Buffer.from(text, 'utf8');

  test('has the length of its bytes', () => {
    expect(utf8Length(text)).toBe(expected.length);
  });

  test('is written as UTF-8, and nothing beyond it', () => {
    const memory = Buffer.alloc(ADDRESS + expected.length + 8, 0x55);
    writeText(memory, text, ADDRESS, expected.length);
    expect(memory.subarray(ADDRESS, ADDRESS + expected.length)).toEqual(expected);
    expect(memory.subarray(0, ADDRESS)).toEqual(Buffer.alloc(ADDRESS, 0x55));
    expect(memory.subarray(ADDRESS + expected.length)).toEqual(Buffer.alloc(8, 0x55));
  });
});
