/**
 * The walk through the API in README.md, pasted into a shell as it stands: all commands work one after the
 * other, and each prints what the comment below it promises.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { needTool, runTool, type ToolResult } from '../../clients/support/tool.ts';
import { CloudVmProcess } from './support/cloudvm-process.ts';

const README = new URL('../../../README.md', import.meta.url);
const SECTION = 'A walk through the API';
const DOCUMENTED_URL = 'http://127.0.0.1:5001';

let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});

afterEach(async () => {
  await rm(dataDirectory, { recursive: true, force: true });
});

/** The shell blocks of the section, as one paste. */
async function readWalk(): Promise<string> {
  const sections = (await readFile(README, 'utf8')).split(/^## /m);
  const section = sections.find((one) => one.startsWith(`${SECTION}\n`)) ?? '';
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('\n');
}

/**
 * Gives the text to a shell that ends at the first command that fails. Its `node` is the one that runs this.
 */
function paste(walk: string): Promise<ToolResult> {
  return runTool('sh', ['-e', '-s'], `PATH="${dirname(process.execPath)}:$PATH"\n${walk}`);
}

/**
 * All comments as one pattern for the whole output. "…" stands for any text. Lines may be broken differently
 * than in the output.
 */
function promiseOf(walk: string): RegExp {
  const promised = walk.match(/^# .*$/gm) ?? [];
  const lines = promised.map((line) => line.slice(2).trim().split('…').map(RegExp.escape).join('[^]*?'));
  return new RegExp(`^\\s*${lines.join('\\s*')}\\s*$`);
}

test('the walk in README.md prints what it promises when it is pasted as a whole', async (context) => {
  needTool(context, 'curl');
  const walk = await readWalk();
  expect(walk.split(DOCUMENTED_URL)).toHaveLength(2);
  await using server = await CloudVmProcess.start(dataDirectory);
  const { stdout, stderr, code } = await paste(walk.replace(DOCUMENTED_URL, server.url));
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(stdout).toMatch(promiseOf(walk));
});
