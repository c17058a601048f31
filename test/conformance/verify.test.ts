/**
 * CORE=verify finds no difference between the cores in any conformance case, as requests come over sockets.
 */

import { expect, it } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { ECHO_APPLICATION, startServer } from '../runtime/server/support/start.ts';
import { loadCases } from './case.ts';
import { describeFailures, runCases } from './runner.ts';

async function workerOf(server: Server): Promise<unknown> {
  const response = await fetch(`${server.url}/cpu?ms=0`);
  const { worker } = (await response.json()) as { readonly worker: unknown };
  return worker;
}

it('the cores agree on every conformance case', async () => {
  await using server = await startServer({ app: ECHO_APPLICATION, core: 'verify', workers: 1 });
  const worker = await workerOf(server);
  const verdicts = await runCases(loadCases(), { host: '127.0.0.1', port: server.port }, 'whole');
  expect(describeFailures(verdicts)).toBe('');
  // A worker whose cores disagree throws, and is replaced.
  expect(await workerOf(server), 'the worker was replaced: its cores disagree').toBe(worker);
});
