/** `npm run dev` with an application outside this repository. Its developer makes a mistake and mends it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const APPLICATION = `import { answer } from './controller.mts';
export const routes = (router) => router.get('/', (_request, response) => response.json(answer));
`;

let folder: string;
let dev: ChildProcess;
let lines: AsyncIterator<string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudvm-dev-'));
  writeFileSync(join(folder, 'application.mts'), APPLICATION);
});

afterEach(async () => {
  const exit = once(dev, 'exit');
  dev.kill('SIGTERM');
  await exit;
  rmSync(folder, { recursive: true, force: true });
});

function writeController(text: string): void {
  writeFileSync(join(folder, 'controller.mts'), text);
}

function startDev(): void {
  dev = spawn(process.execPath, ['build/run.mjs', 'build/dev.ts'], {
    cwd: ROOT,
    env: { ...process.env, APP: join(folder, 'application.mts'), PORT: '0', WORKERS: '1', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (dev.stdout === null || dev.stderr === null) throw new Error('dev was started without pipes');
  const output = new PassThrough();
  for (const stream of [dev.stdout, dev.stderr]) stream.pipe(output, { end: false });
  dev.once('exit', () => output.end());
  lines = createInterface(output)[Symbol.asyncIterator]();
}

test('`npm run dev` reports a mistake with its file and line, and serves every change', async () => {
  writeController('export const answer: string[] = [];\nconst broken = = 1;\n');
  startDev();
  await lineMatching(/Cannot load the application .*application\.mts/);
  await lineMatching(/at file:.*controller\.mts:2/);

  writeController("export const answer: string[] = ['mended'];\n");
  expect(await answerOf(await lineMatching(/listening on (http:[^\s"]+)/))).toEqual(['mended']);

  writeController("export const answer: string[] = ['changed'];\n");
  expect(await answerOf(await lineMatching(/listening on (http:[^\s"]+)/))).toEqual(['changed']);
});

/** @returns what the pattern's group matched */
async function lineMatching(pattern: RegExp): Promise<string> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error(`dev ended before a line matched ${pattern}`);
    const match = pattern.exec(value);
    if (match !== null) return match[1] ?? '';
  }
}

async function answerOf(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}
