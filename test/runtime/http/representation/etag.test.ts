import { expect, test } from 'vitest';
import { HttpProblem } from '../../../../src/runtime/http/problem.ts';
import {
  entityTag,
  matchesStrongly,
  matchesWeakly,
} from '../../../../src/runtime/http/representation/etag.ts';

test('an entity tag is quoted and cannot contain a quote', () => {
  expect(entityTag('7')).toBe('"7"');
  expect(entityTag('7', { weak: true })).toBe('W/"7"');
  expect(() => entityTag('a"b')).toThrow(TypeError);
  expect(() => entityTag('a b')).toThrow(TypeError);
});

test.each([
  ['"1"', '"1"', true],
  ['W/"1"', '"1"', true],
  ['"1"', 'W/"1"', true],
  ['"2" ,\t"1"', '"1"', true],
  [',,"1",', '"1"', true],
  ['*', '"1"', true],
  ['"2"', '"1"', false],
  ['w/"1"', '"1"', false],
  ['1', '"1"', false],
  ['', '"1"', false],
])('If-None-Match %s against %s: %s', (list, tag, expected) => {
  expect(matchesWeakly(list, tag)).toBe(expected);
});

test.each([
  ['"1"', '"1"', true],
  ['"2", "1"', '"1"', true],
  ['*', '"1"', true],
  ['*', undefined, false],
  ['"1"', undefined, false],
  ['W/"1"', '"1"', false],
  ['W/"1"', 'W/"1"', false],
  ['"1"', 'W/"1"', false],
])('If-Match %s against %s: %s', (list, tag, expected) => {
  expect(matchesStrongly(list, tag)).toBe(expected);
});

test('a malformed If-Match is refused rather than ignored', () => {
  expect(() => matchesStrongly('1', '"1"')).toThrow(HttpProblem);
  expect(() => matchesStrongly('', '"1"')).toThrow(HttpProblem);
});

test.each([
  ['white space before no member', `,${' '.repeat(16_200)}x`],
  ['white space behind a member', `"b"${'\t '.repeat(8100)}x`],
  ['a tag without its end', `"b",${' '.repeat(8000)}"${'a'.repeat(8000)}`],
])('a list that is malformed after a long run of %s matches nothing', (_what, list) => {
  expect(matchesWeakly(list, '"b"')).toBe(false);
  expect(() => matchesStrongly(list, '"b"')).toThrow(HttpProblem);
});

test('white space around members of a list has no meaning, however long it is', () => {
  const space = ' \t'.repeat(4000);
  expect(matchesWeakly(`${space}"a"${space},${space},${space}"b"${space}`, '"b"')).toBe(true);
});

test('a long hostile list is read in one pass', () => {
  const list = ' "a'.repeat(5000);
  expect(matchesWeakly(list, '"b"')).toBe(false);
  expect(matchesWeakly(`${', '.repeat(8000)}"b"`, '"b"')).toBe(true);
});
