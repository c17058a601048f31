/** Starts a server with the trial application for one test, on the core that the tests run with. */

import { expect } from 'vitest';
import { readSettings } from '../../../../src/platform/settings/settings.ts';
import { Server, type ServerOptions } from '../../../../src/runtime/server/server.ts';
import { RUNTIME_SETTINGS } from '../../../../src/runtime/settings.ts';
import { until } from '../../../support/until.ts';
import type { Stage } from './stage.ts';

export const ECHO_APPLICATION = new URL('../../../fixtures/echo-app.ts', import.meta.url).href;
const TRIAL_APPLICATION = new URL('../fixtures/trial-app.ts', import.meta.url).href;

/** With all its workers. */
export async function startServer(options: Partial<ServerOptions> = {}, stage?: Stage): Promise<Server> {
  const server = await startWithFirstWorker(options, stage);
  await server.complete;
  return server;
}

export async function startWithFirstWorker(
  options: Partial<ServerOptions> = {},
  stage?: Stage,
): Promise<Server> {
  return await Server.start({
    app: TRIAL_APPLICATION,
    port: 0,
    workers: 2,
    core: readSettings(RUNTIME_SETTINGS, { CORE: process.env['CORE'] }).core,
    logLevel: 'silent',
    // A worker must not look stuck while other tests take the whole machine.
    workerNice: 0,
    // Many tests end workers on purpose, one after the other.
    restartsPerSecond: 1_000,
    cutOffMs: 0,
    // And what waits for a replacement must not be refused then.
    maxQueueWaitMs: 60_000,
    environment: { ...process.env, STAGE: stage?.name },
    ...options,
  });
}

/** Every connection, buffer and queue entry is given back, and the pool is complete. */
export async function expectRest(server: Server, workers = 2): Promise<void> {
  const rest = { connections: 0, inboundBytes: 0, outboundBytes: 0, queued: 0, workers };
  const isAtRest = () => JSON.stringify(server.usage) === JSON.stringify(rest);
  await until('nothing is held any more', isAtRest).catch(() => expect(server.usage).toEqual(rest));
}
