import { expect, test } from 'vitest';
import {
  entityTag,
  includesStrongly,
  includesWeakly,
  parseEntityTags,
} from '../../../../src/runtime/http/representation/etag.ts';

test('an entity tag is quoted and cannot contain a quote', () => {
  expect(entityTag('7')).toBe('"7"');
  expect(entityTag('7', { weak: true })).toBe('W/"7"');
  expect(() => entityTag('a"b')).toThrow(TypeError);
  expect(() => entityTag('a b')).toThrow(TypeError);
});

test.each([
  ['"1"', '"1"', true, true],
  ['W/"1"', '"1"', true, false],
  ['"1"', 'W/"1"', true, false],
  ['W/"1"', 'W/"1"', true, false],
  ['"2"', '"1"', false, false],
])('%s equals %s weakly: %s, strongly: %s', (one, other, weakly, strongly) => {
  expect(includesWeakly(['"0"', one], other)).toBe(weakly);
  expect(includesStrongly(['"0"', one], other)).toBe(strongly);
});

test.each([
  ['"2" ,\t"1"', ['"2"', '"1"']],
  [',,"1",', ['"1"']],
  ['"a,b",W/"c"', ['"a,b"', 'W/"c"']],
  ['"\u00e9"', ['"\u00e9"']],
  ['w/"1"', undefined],
  ['1', undefined],
  ['*', undefined],
  ['', undefined],
  [`,${' '.repeat(16_200)}x`, undefined],
  [`"b"${'\t '.repeat(8100)}x`, undefined],
  [`"b",${' '.repeat(8000)}"${'a'.repeat(8000)}`, undefined],
  [' "a'.repeat(5000), undefined],
  [`${', '.repeat(8000)}"b"`, ['"b"']],
])('the tags of a list', (list, tags) => {
  expect(parseEntityTags(list)).toEqual(tags);
});
