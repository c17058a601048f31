import { expect, test } from 'vitest';
import { preferredType } from '../../../../src/runtime/application.ts';
import { fakeRequest } from '../support/fake-request.ts';

const TYPES = ['application/json', 'text/html'] as const;

function preferred(accept: string | undefined, types: readonly string[] = TYPES): string | undefined {
  const field = accept === undefined ? '' : `Accept: ${accept}\r\n`;
  return preferredType(fakeRequest(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n`).request, types);
}

const CHROME =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,' +
  'application/signed-exchange;v=b3;q=0.7';

test.each([
  ['no Accept', undefined, 'application/json'],
  ['curl and fetch', '*/*', 'application/json'],
  ['Chrome', CHROME, 'text/html'],
  ['axios', 'application/json, text/plain, */*', 'application/json'],
  ['a client of HTML first', 'text/html, */*', 'text/html'],
  ['an empty list', '', 'application/json'],
  ['members that are none', 'html, *, ;q=1, ,', 'application/json'],
  ['one type', 'text/html', 'text/html'],
  ['another case', 'TEXT/HTML; Q=0.5', 'text/html'],
  ['a range', 'text/*', 'text/html'],
  ['weights', 'application/json;q=0.5, text/html;q=0.501', 'text/html'],
  ['weights with white space', 'application/json ; q=0.1 ,\ttext/html ; q=0.9', 'text/html'],
  ['equal weights', 'text/html, application/json', 'application/json'],
  ['the better fit, although it weighs less', 'text/*;q=0.9, text/html;q=0.1, */*;q=0.5', 'application/json'],
  ['what it does not accept', '*/*, application/json;q=0', 'text/html'],
  ['nothing that there is', 'image/png, text/plain', undefined],
  ['nothing at all', '*/*;q=0', undefined],
  ['a weight that is none', 'text/html;q=2, application/json;q=0.1', 'application/json'],
  ['a comma within quotes', 'text/plain;a="x,text/html", application/json;q=0.1', 'application/json'],
  ['parameters that the type does not have', 'text/html;level=1, application/json;q=0.1', 'application/json'],
  ['the charset that all text has', 'text/html;charset=UTF-8, application/json;q=0.9', 'text/html'],
  ['a long hostile list', `${'a/b;c="'.repeat(2000)}`, undefined],
])('%s', (_name, accept, type) => {
  expect(preferred(accept)).toBe(type);
});

test('parameters of a type tell it from others', () => {
  const types = ['text/plain; format=fixed', 'text/plain; format=flowed'];
  expect(preferred('text/plain;format=flowed, text/plain;q=0.5', types)).toBe('text/plain; format=flowed');
  expect(preferred('text/plain', types)).toBe('text/plain; format=fixed');
});
