/** The example of the client in README.md, as a program of its own in a project that has the package. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CloudVmProcess } from '../cloudvm/front-door/support/cloudvm-process.ts';
import { inheritedEnvironment } from '../support/environment.ts';
import { Project, ROOT } from './support/project.ts';

const SECTION = 'The client';
const DOCUMENTED_URL = 'http://127.0.0.1:5001';

const run = promisify(execFile);

async function readExample(): Promise<string> {
  const sections = (await readFile(join(ROOT, 'README.md'), 'utf8')).split(/^## /m);
  const section = sections.find((one) => one.startsWith(`${SECTION}\n`)) ?? '';
  const [, example = ''] = /^```js\n(.*?)^```$/ms.exec(section) ?? [];
  return example;
}

/** What the comments behind the calls of console.log say. */
function promiseOf(example: string): string {
  const promised = [...example.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)];
  return promised.map(([, output]) => `${output}\n`).join('');
}

test('the example of the client in README.md prints what it promises', async () => {
  const example = await readExample();
  expect(example.split(DOCUMENTED_URL)).toHaveLength(2);
  expect(promiseOf(example)).not.toBe('');
  using project = await Project.make();
  await using server = await CloudVmProcess.start(join(project.lab, 'data'));
  project.write('main.mjs', example.replace(DOCUMENTED_URL, server.url));
  const { stdout, stderr } = await run(process.execPath, ['main.mjs'], {
    cwd: project.folder,
    env: inheritedEnvironment(),
  });
  expect({ stdout, stderr }).toEqual({ stdout: promiseOf(example), stderr: '' });
});
