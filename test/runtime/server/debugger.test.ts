/** Breakpoints in handlers, with a debugger that is attached to the server's process. */

import { describe, expect, test } from 'vitest';
import { RawClient } from '../../support/raw-client.ts';
import { Debugger } from './support/debugger.ts';
import { ServerProcess } from './support/server-process.ts';

const HANDLER_TIMEOUT_MS = 300;
const WORKERS = 2;
const SETTINGS = {
  APP: new URL('./fixtures/debugged-app.ts', import.meta.url).pathname,
  HANDLER_TIMEOUT_MS: `${HANDLER_TIMEOUT_MS}`,
  WORKERS: `${WORKERS}`,
};
const SUSPENDED = 'Deadlines of handlers are suspended: the process is open to a debugger';

describe.each(['/breakpoint', '/breakpoint-between-waits'])(
  'a worker that stands at a breakpoint (%s)',
  (path) => {
    test('of a process that was started with --inspect goes on with its request, however late', async () => {
      await using server = new ServerProcess(SETTINGS, ['--inspect=127.0.0.1:0']);
      const port = await server.port;
      using attached = await Debugger.attach(server, WORKERS);
      await expectLateAnswer(port, attached, path);
      expect(server.output.split(SUSPENDED), 'it is said once').toHaveLength(2);
      expect(server.output).not.toContain('stuck');
    });

    test('of a process that SIGUSR1 has opened to debuggers goes on with its request, however late', async () => {
      await using server = new ServerProcess(SETTINGS, ['--inspect-port=127.0.0.1:0']);
      const port = await server.port;
      server.child.kill('SIGUSR1');
      using attached = await Debugger.attach(server, WORKERS);
      await expectLateAnswer(port, attached, path);
      expect(server.output.split(SUSPENDED), 'it is said once').toHaveLength(2);
    });
  },
);

test('a process whose worker stands at a breakpoint stops in time, and waits only for the debugger', async () => {
  const settings = { ...SETTINGS, SHUTDOWN_TIMEOUT_MS: '500' };
  await using server = new ServerProcess(settings, ['--inspect=127.0.0.1:0']);
  using client = await RawClient.connect(await server.port);
  using attached = await Debugger.attach(server, WORKERS);
  const ending = client.get('/breakpoint').catch(({ code }) => code);
  await attached.paused();
  server.child.kill('SIGTERM');
  expect(await ending).toBe('ERR_CONNECTION_ENDED');
  await server.errorLine(/(Waiting for the debugger to disconnect)/);
  attached[Symbol.dispose]();
  await server.exitCode();
  expect(server.child.signalCode, 'a thread that stands still counts as one that hangs').toBe('SIGKILL');
  expect(server.output).toContain('what had not ended in time was cut off');
});

async function expectLateAnswer(port: number, attached: Debugger, path: string): Promise<void> {
  using client = await RawClient.connect(port);
  using other = await RawClient.connect(port);
  const answer = client.get(path);
  const resume = await attached.paused();
  // The other worker's timer measures the time, and shows that its own handler is not late either.
  expect((await other.get(`/wait?ms=${3 * HANDLER_TIMEOUT_MS}`)).body.toString()).toBe('waited');
  await resume();
  expect((await answer).body.toString()).toBe('resumed');
}
