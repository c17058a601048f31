/**
 * Entry of a worker thread: loads the application, starts it, serves until it is told to drain, and ends. Whatever is
 * thrown outside a request makes the worker drain too, and main starts another in its place.
 */

import { availableParallelism, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger } from '../../platform/log.ts';
import { createCore } from '../core/create-core.ts';
import { type ApplicationModule, compileRoutes, loadApplication } from '../http/application.ts';
import type { Request } from '../http/request/request.ts';
import { StartGate } from '../memory/synchronization/start-gate.ts';
import { ServingWorkers } from '../memory/workers/serving-workers.ts';
import { WorkerContext } from './context.ts';
import { BELL, type ToMain, type ToWorker, type WorkerStart } from './messages.ts';
import { RequestWorker } from './request-worker.ts';

/** Deadlines of handlers are looked at every now and then only; by this factor all are over. */
const DEADLINE_SLACK = 1.25;

const port = parentPort;
if (port === null) throw new Error('This module runs in a worker thread only');

const start: WorkerStart = workerData;
const logger = createLogger({ level: start.logLevel, name: `worker ${start.slot}` });
const post = (message: ToMain): void => port.postMessage(message);

let application: ApplicationModule | null = null;
let worker: RequestWorker | null = null;
let isDraining = false;
let isEnding = false;

function textOf(error: unknown): { message: string; stack: string } {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  return { message, stack };
}

function reportError(error: unknown, request: Request): void {
  logger.error({ error, path: request.path }, 'A handler failed');
}

async function load(): Promise<void> {
  setPriority(0, start.nice);
  const context = new WorkerContext(start, post);
  using _inside = new StartGate(context.shared, start.slot).enter(availableParallelism());
  application = await loadApplication(start.application);
  const pipeline = compileRoutes(application, reportError);
  const core = createCore(start.core, {
    memory: start.memory,
    regionAddress: start.layout.coreAddress + start.slot * start.layout.coreBytes,
    regionBytes: start.layout.coreBytes,
    limits: start.limits,
  });
  core.loadRoutes(pipeline.routes);
  worker = new RequestWorker({
    context,
    core,
    pipeline,
    onError: reportError,
    onExhausted: () => onUncaught(new Error('Too many handlers never settle')),
    onDrained: () => void end(0),
  });
  await application.start?.(new ServingWorkers(context.shared));
}

/** The last thing that a worker does by itself; ending the thread closes whatever the application left open. */
async function end(exitCode: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  // An application that does not come to an end is ended.
  setTimeout(() => process.exit(1), start.drainTimeoutMs);
  let code = exitCode;
  try {
    await application?.stop?.();
  } catch (error) {
    logger.error({ error }, 'The application could not be stopped in order');
    code = 1;
  }
  process.exit(code);
}

function fail(error: unknown): void {
  post({ type: 'failed', ...textOf(error) });
  void end(1);
}

/** Something was thrown that belongs to no request: what state it left behind nobody knows. */
function onUncaught(error: unknown): void {
  if (worker === null) {
    fail(error);
    return;
  }
  if (!isDraining) post({ type: 'failing', ...textOf(error) });
  else logger.error({ error }, 'Something was thrown outside a request while the worker drains');
  drain();
}

function drain(): void {
  if (isDraining) return;
  isDraining = true;
  setTimeout(() => {
    worker?.endStreams();
    worker?.forgetLateHandlers();
  }, start.drainTimeoutMs);
  // Handlers have a deadline of their own, and readers as well; this is for what has none.
  setTimeout(() => void end(1), start.drainTimeoutMs + DEADLINE_SLACK * start.handlerTimeoutMs);
  if (worker === null) void end(0);
  else worker.drain();
}

function onMessage(message: ToWorker): void {
  if (message === BELL) {
    worker?.onBell();
    return;
  }
  switch (message.type) {
    case 'ping':
      post({ type: 'pong' });
      break;
    case 'abort':
      worker?.onAbort(message.connection, message.generation);
      break;
    case 'serve':
      worker?.serveConnection(message.connection);
      break;
    case 'serve-all':
      worker?.start();
      break;
    case 'prepare':
      prepare();
      break;
    case 'drain':
      drain();
      break;
    case 'end-streams':
      worker?.endStreams();
      break;
  }
}

function prepare(): void {
  Promise.resolve()
    .then(() => application?.prepare?.())
    .then(() => post({ type: 'prepared' }), fail);
}

process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);
port.on('message', onMessage);
load().then(() => post({ type: 'started' }), fail);
