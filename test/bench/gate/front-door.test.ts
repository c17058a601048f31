/** The gate as a command, on two arms of another project: exit codes and reports. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
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
  const ended = await run([...reports, ...parameters], { GITHUB_STEP_SUMMARY: file('page.md') });
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');
  return { ...ended, json: read('gate.json'), junit: read('gate.xml'), page: read('page.md') };
}

async function run(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  interruptAt?: string,
) {
  const child = spawn(process.execPath, ['bench/main.ts', 'gate', ...parameters], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (interruptAt !== undefined && output.includes(interruptAt)) child.kill('SIGINT');
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.concurrent('the gate on two arms', { timeout: 300_000 }, () => {
  test('exits with 1 for a broken promise, and reports it everywhere', async () => {
    const arms = ['--arm-a', SLOW, '--arm-b', FAST, '--url', URL, '--connections', '4'];
    const { code, output, json, junit, page } = await gate(...arms, '--seconds', '240');
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toContain('broken: arm A beside arm B');
    const { outcome, checks } = JSON.parse(json);
    expect(outcome).toBe('fail');
    expect(checks[0].data.rounds.length).toBeGreaterThanOrEqual(3);
    expect(junit).toContain('<failure ');
    expect(page).toContain('❌ A promise is broken.');
  });

  test('exits with 0 if the first arm is the faster one', async () => {
    const arms = ['--arm-a', FAST, '--arm-b', SLOW, '--url', URL, '--connections', '4'];
    const { code, output, page } = await gate(...arms, '--seconds', '240');
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

  test.for([
    ['answers with errors', 'fail', 'requests failed'],
    ['answers no longer', 'hang', 'no request was answered'],
    ['ends', 'end', 'arm A'],
  ] as const)('exits with 2 if an arm %s', async ([, fault, said]) => {
    const faulty = `${FAST} '' ${fault} 2000`;
    const { code, output } = await gate('--arm-a', faulty, '--arm-b', FAST, '--url', URL);
    expect({ code, output }).toMatchObject({ code: 2 });
    expect(output).toContain(said);
  });

  test('leaves no process when it is interrupted', async () => {
    using folder = new ScratchDirectory();
    const file = (name: string) => join(folder.path, name);
    const arms = ['--arm-a', `${FAST} ${file('a')}`, '--arm-b', `${FAST} ${file('b')}`, '--url', URL];
    const { code } = await run(arms, {}, 'round 1');
    expect(code).toBe(130);
    for (const name of ['a', 'b']) {
      const pid = Number(readFileSync(file(name), 'utf8'));
      await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 60_000 });
    }
  });

  test.runIf(existsSync(join(ROOT, '.git')))('leaves no worktree when it is interrupted', async () => {
    using folder = new ScratchDirectory();
    const { code } = await run(['--base', 'HEAD'], { TMPDIR: folder.path }, 'making HEAD');
    expect(code).toBe(130);
    const { stdout } = spawnSync('git', ['worktree', 'list'], { cwd: ROOT, encoding: 'utf8' });
    expect(stdout).not.toContain(folder.path);
    expect(readdirSync(folder.path)).toEqual([]);
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
