/** Comments are at most 110 columns wide, as code is. The formatter does not wrap them, so a test checks. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const SOURCES = '{src,assembly,build,bench,test}/**/*.{ts,mjs}';
const GENERATED = 'build/{js,client}/**';
const WIDTH = 110;

const URL = /https?:\/\/\S+/;
const STRING = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/g;

/** @returns the numbers of all lines with a comment that are too wide. A URL does not count. */
function wideComments(source: string): number[] {
  let inBlock = false;
  return source.split('\n').flatMap((line, index) => {
    const text = line.trim();
    const comment = inBlock || text.startsWith('/*') || /(^|\s)\/\//.test(line.replace(STRING, "''"));
    if (text.startsWith('/*')) inBlock = true;
    if (text.includes('*/')) inBlock = false;
    return comment && line.replace(URL, '').length > WIDTH ? [index + 1] : [];
  });
}

test('no comment in the sources is wider than 110 columns', () => {
  const files = globSync(SOURCES, { cwd: ROOT, exclude: [GENERATED] });
  expect(files.length).toBeGreaterThan(100);
  const wide = files.flatMap((file) =>
    wideComments(readFileSync(join(ROOT, file), 'utf8')).map((line) => `${file}:${line}`),
  );
  expect(wide).toEqual([]);
});

test.each([
  ['a comment of one line', `// ${'x'.repeat(WIDTH)}`],
  ['an indented comment', `    // ${'x'.repeat(WIDTH - 6)}`],
  ['a comment behind code', `export const x = '//'; // ${'x'.repeat(WIDTH - 20)}`],
  ['the first line of a block', `/** ${'x'.repeat(WIDTH)} */`],
  ['a line within a block', `/**\n * ${'x'.repeat(WIDTH)}\n */`],
])('the check finds %s that is too wide', (_title, source) => {
  expect(wideComments(`\n${source}\n`)).toEqual([source.startsWith('/**\n') ? 3 : 2]);
});

test.each([
  ['a comment of exactly 110 columns', `// ${'x'.repeat(WIDTH - 3)}`],
  ['a comment whose columns are not bytes', `// ${'é'.repeat(WIDTH - 3)}`],
  ['a comment with a long URL', `// See https://example.com/${'x'.repeat(WIDTH)}.`],
  ['code after a block', `/** x */\nexport const x = '${'x'.repeat(WIDTH)}';`],
  ['a text that looks like a comment', `export const x = '${'x'.repeat(WIDTH)} // x';`],
])('the check passes %s', (_title, source) => {
  expect(wideComments(source)).toEqual([]);
});
