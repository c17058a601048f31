/** The gate as a command, on two arms of another project: exit codes and reports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readGateOptions, UsageError } from '../../../bench/gate/options.ts';
import { ROOT } from '../../../bench/gate/tree.ts';
import { ScratchDirectory } from '../../../bench/processes/scratch-directory.ts';

const SERVER = `"${process.execPath}" test/bench/fixtures/gate/scripted-server.mjs`;
const FAST = `${SERVER} 0`;
/** So slow that no noise makes it as fast as the other. */
const SLOW = `${SERVER} 2000`;
const URL = 'http://127.0.0.1:{port}/';

/** Runs the gate. @returns also the reports, as far as they were written */
async function gate(...parameters: string[]) {
  using folder = new ScratchDirectory();
  const file = (name: string) => join(folder.path, name);
  const reports = ['--json', file('gate.json'), '--junit', file('gate.xml')];
  const child = spawn(process.execPath, ['bench/main.ts', 'gate', ...reports, ...parameters], {
    cwd: ROOT,
    env: { ...process.env, GITHUB_STEP_SUMMARY: file('page.md') },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');
  return { code, output, json: read('gate.json'), junit: read('gate.xml'), page: read('page.md') };
}

describe.concurrent('the gate on two arms', { timeout: 300_000 }, () => {
  test('exits with 1 for a broken promise, and reports it everywhere', async () => {
    const arms = ['--arm-a', SLOW, '--arm-b', FAST, '--url', URL, '--connections', '4'];
    const { code, output, json, junit, page } = await gate(...arms, '--seconds', '60');
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toContain('broken: arm A beside arm B');
    const { outcome, checks } = JSON.parse(json);
    expect(outcome).toBe('fail');
    expect(checks[0].data.pairs.length).toBeGreaterThanOrEqual(8);
    expect(junit).toContain('<failure ');
    expect(page).toContain('❌ A promise is broken.');
  });

  test('exits with 0 if the first arm is the faster one', async () => {
    const arms = ['--arm-a', FAST, '--arm-b', SLOW, '--url', URL, '--connections', '4'];
    const { code, output, page } = await gate(...arms, '--seconds', '60');
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(page).toContain('✅ Every promise is kept.');
  });

  test('is undecided without time, which is a failure only if that is asked', async () => {
    const arms = ['--arm-a', FAST, '--arm-b', FAST, '--url', URL, '--seconds', '1'];
    const lenient = await gate(...arms);
    expect(lenient).toMatchObject({ code: 0 });
    expect(lenient.output).toContain('gate: undecided');
    expect(await gate(...arms, '--strict')).toMatchObject({ code: 3 });
  });

  test('exits with 2 if an arm does not start, and says what it has said', async () => {
    const broken = `"${process.execPath}" -e "console.error('no such luck'); process.exit(1)"`;
    const { code, output } = await gate('--arm-a', broken, '--arm-b', FAST, '--url', URL);
    expect(code).toBe(2);
    expect(output).toContain('ended before it answered');
    expect(output).toContain('no such luck');
  });

  test('exits with 2 and its help for a wrong command line', async () => {
    const { code, output } = await gate('--nonsense');
    expect({ code, output }).toMatchObject({ code: 2 });
    expect(output).toContain("Unknown option '--nonsense'");
    expect(output).toContain('npm run bench:gate -- [options]');
  });

  test('exits with 2 if there is no such commit', async () => {
    const { code, output } = await gate('--base', 'no-such-commit');
    expect(code).toBe(2);
    expect(output).toContain('git rev-parse failed');
  });
});

test('a command line that says too little or too much is refused', () => {
  const arms = ['--arm-a', FAST, '--arm-b', FAST, '--url', URL];
  for (const wrong of [
    ['--arm-a', FAST],
    ['--seconds', 'many'],
    ['--only', 'half'],
    ['--base', 'main', ...arms],
    [...arms, '--pipelined', '0'],
  ]) {
    expect(() => readGateOptions(wrong)).toThrow(UsageError);
  }
});
