/** SIGHUP to a process group, as a terminal that closes sends it, and to the server alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

const ENVIRONMENT = {
  ...process.env,
  APP: 'test/fixtures/echo-app.ts',
  PORT: '0',
  WORKERS: '1',
  NODE_OPTIONS: '',
};

/** The package manager: it starts a command, and a signal ends it. */
const PACKAGE_MANAGER = `
  const [, ...command] = process.argv;
  require('node:child_process').spawn(process.execPath, command, { stdio: 'inherit' });
  setInterval(() => {}, 1e9);
`;

/** An old Node.js, which cannot replace a process, so that the launcher stays between. */
const WITHOUT_EXECVE = ['--import', 'data:text/javascript,process.execve = undefined', 'build/run.mjs'];

/** Starts the command in a process group of its own. Resolves when the server has written that it listens. */
async function startGroup(command: readonly string[]) {
  const group = spawn(process.execPath, ['-e', PACKAGE_MANAGER, '--', ...command], {
    cwd: ROOT,
    env: ENVIRONMENT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (group.pid === undefined) throw new Error('The group could not be started');
  const pid = group.pid;
  let beginning = '';
  const listens = Promise.withResolvers<void>();
  group.stdout.on('data', (bytes) => {
    beginning += bytes;
    if (beginning.includes('listening on')) listens.resolve();
  });
  void once(group.stdout, 'close').then(() => listens.reject(new Error(`The server ended: ${beginning}`)));
  await listens.promise;
  const log = text(group.stdout);
  return {
    pid,
    log,
    [Symbol.dispose]() {
      if (!group.stdout.closed) process.kill(-pid, 'SIGKILL');
    },
  };
}

test.each([
  { what: 'the server', command: ['src/main.ts'] },
  { what: 'the launcher and the server', command: [...WITHOUT_EXECVE, 'src/main.ts'] },
])('a hang-up that ends the package manager ends $what in order', async ({ command }) => {
  using group = await startGroup(command);
  process.kill(-group.pid, 'SIGHUP');
  // All processes of the group have this pipe, so it ends with the last of them.
  expect(await group.log).toContain('stopped; everything ended in order');
});
