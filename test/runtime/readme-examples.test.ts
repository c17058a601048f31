/** The examples of the runtime's READMEs run, each in a process of its own, as a reader would run it. */
import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Runs the last of these files beside the sources. @throws if it fails */
async function runFiles(files: Readonly<Record<string, string>>): Promise<string> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'readme-'));
  for (const name of ['src', 'node_modules', 'build', 'assembly']) {
    await symlink(join(ROOT, name), join(directory.path, name));
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory.path, name), text);
  const { stdout } = await run(process.execPath, [Object.keys(files).at(-1) ?? ''], { cwd: directory.path });
  return stdout;
}

/** The blocks of TypeScript in a part of a README, each with the name that stands after its language. */
function blocksOf(markdown: string, from = '', to = '\0'): [name: string, text: string][] {
  const part = markdown.slice(markdown.indexOf(from)).split(to)[0] ?? '';
  return [...part.matchAll(/^```ts ?(\S*)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]);
}

test('the application and the test of src/runtime/README.md', async () => {
  const markdown = await readFile(join(ROOT, 'src/runtime/README.md'), 'utf8');
  const files = Object.fromEntries(blocksOf(markdown).filter(([name]) => name !== ''));
  expect(Object.keys(files)).toEqual(['notes.ts', 'notes.test.ts']);
  const succeeded = `${files['notes.test.ts']}\nconsole.log('succeeded');`;
  expect(await runFiles({ ...files, 'notes.test.ts': succeeded })).toBe('succeeded\n');
});

const BEFORE = `
import Type from 'typebox';
import { type Handler, type Router, type Schema } from './src/runtime/application.ts';
const find = (id: string) => ({ id });
const create = async (title: string) => ({ title });
const describe: Handler = (_request, response) => response.text('the API');
const requireUser: Handler = () => {};
const removeDisk: Handler<'id' | 'disk'> = (request, response) => response.json(request.parameters);
`;

const AFTER = `
const app = await openInjected({ routes });
const texts = [];
for (const [method, target, body] of [
  ['GET', '/vms/1'],
  ['GET', '/files/a/b'],
  ['GET', '/api'],
  ['GET', '/api/vms/2'],
  ['DELETE', '/api/vms/2/disks/3'],
  ['POST', '/notes', { title: 'milk' }],
  ['POST', '/notes', { title: '' }],
]) {
  const answer = await app.inject({ method, target, body });
  texts.push(answer.status === 422 ? answer.json().errors[0].path : answer.text());
}
await app[Symbol.asyncDispose]();
console.log(JSON.stringify(texts));
`;

test('the routes of src/runtime/http/README.md', async () => {
  const markdown = await readFile(join(ROOT, 'src/runtime/http/README.md'), 'utf8');
  const blocks = blocksOf(markdown, '## Parameters', '## The life of a request').map(([, text]) => text);
  const adapter = blocks.findIndex((text) => text.includes('function toSchema'));
  const [adapterText = ''] = blocks.splice(adapter, 1);
  expect(blocks).toHaveLength(3);
  const example = `${BEFORE}${adapterText}
const newNote = toSchema(Type.Object({ title: Type.String({ minLength: 1 }) }));
const note = newNote;
function routes(router: Router): void {
${blocks.join('\n')}
}
import { openInjected } from './src/runtime/testing.ts';
${AFTER}`;
  expect(JSON.parse(await runFiles({ 'example.ts': example }))).toEqual([
    '{"id":"1"}',
    'a/b',
    'the API',
    '{"id":"2"}',
    '{"id":"2","disk":"3"}',
    '{"title":"milk"}',
    '/title',
  ]);
});
