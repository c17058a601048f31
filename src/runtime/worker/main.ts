/**
 * The entry of a worker thread. It loads and starts the application, and follows the main thread until it is
 * told to drain. ending/ending.ts ends the thread.
 */

import { flushCompileCache } from 'node:module';
import { availableParallelism, setPriority } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger } from '../../platform/log.ts';
import { runtimeDigest } from '../code-digest.ts';
import type { RoutePattern } from '../core/core.ts';
import { createCore } from '../core/create-core.ts';
import {
  type ApplicationModule,
  compileRoutes,
  loadApplication,
  type WorkerPool,
} from '../http/application.ts';
import type { Declarations } from '../http/declarations.ts';
import type { Request } from '../http/request/request.ts';
import { openRateLimits } from '../memory/clients/shared-rate-limits.ts';
import { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import { StartGate } from '../memory/synchronization/start-gate.ts';
import { applicationMeters } from '../memory/workers/application-meters.ts';
import { ServingWorkers } from '../memory/workers/serving-workers.ts';
import { CollectedMetrics } from './collected-metrics.ts';
import { WorkerContext } from './context.ts';
import { Ending } from './ending/ending.ts';
import { BELL, type ToMain, type ToWorker, type WorkerStart } from './messages.ts';
import { RequestWorker } from './request-worker.ts';

const port = parentPort;
if (port === null) throw new Error('This module runs in a worker thread only');

const start: WorkerStart = workerData;
const logger = createLogger({ level: start.logLevel, name: `worker ${start.slot}` });
const post = (message: ToMain): void => port.postMessage(message);

const metrics = new CollectedMetrics(() => post({ type: 'collect-metrics' }));

let application: ApplicationModule | null = null;
let worker: RequestWorker | null = null;

const ending = new Ending({
  drainTimeoutMs: start.drainTimeoutMs,
  handlerTimeoutMs: start.handlerTimeoutMs,
  post,
  logger,
  worker: () => worker,
  stopApplication: () => application?.stop?.(),
  exit: (code) => process.exit(code),
});

function reportError(error: unknown, request: Request): void {
  logger.error({ ...request.identity, error, path: request.path }, 'A handler failed');
}

async function load(): Promise<Declarations> {
  if (start.runtimeDigest !== runtimeDigest()) {
    throw new Error(
      'The runtime has changed since the process was started, and a reload loads new versions of the application ' +
        'only. Restart the process',
    );
  }
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
  pipeline.instruments.meters.countIn(applicationMeters(context.shared, start.slot));
  pipeline.instruments.rateLimit?.countIn(openRateLimits(context.shared));
  pipeline.instruments.metricsRoute?.answerWith(() => metrics.collect());
  worker = new RequestWorker({
    context,
    core,
    pipeline,
    onError: reportError,
    onExhausted: () => ending.exhausted(),
    onDrained: () => ending.drained(),
  });
  await application.start?.(poolSeenFrom(context, pipeline.routes));
  return pipeline.declarations;
}

function poolSeenFrom(
  { shared, slot, cutOffRoutes }: WorkerContext,
  routes: readonly RoutePattern[],
): WorkerPool {
  const workers = new ServingWorkers(shared);
  const stopping = new AtomicFlag(shared.words, shared.layout.stoppingWord);
  return {
    size: workers.size,
    get serving() {
      return workers.serving;
    },
    get isFilling() {
      return workers.isFilling;
    },
    get leads() {
      return workers.first === slot;
    },
    get isStopping() {
      return stopping.isSet();
    },
    get cutOffRoutes() {
      return routes
        .filter((_, number) => cutOffRoutes.isCutOff(number))
        .map(({ method, path }) => `${method} ${path}`);
    },
  };
}

function memoryUse(): { readonly heapBytes: number; readonly externalBytes: number } {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return { heapBytes: used_heap_size, externalBytes: external_memory };
}

async function prepare(): Promise<void> {
  await application?.prepare?.();
}

function onMessage(message: ToWorker): void {
  if (message === BELL) {
    worker?.onBell();
    return;
  }
  switch (message.type) {
    case 'ping':
      post({ type: 'pong', ...memoryUse() });
      break;
    case 'abort':
      worker?.onAbort(message.connection, message.generation);
      break;
    case 'half-closed':
      worker?.onHalfClosed(message.connection, message.generation);
      break;
    case 'body':
    case 'body-closed':
      worker?.onUpload(message);
      break;
    case 'serve':
      worker?.serveAssigned(message.connection);
      break;
    case 'serve-all':
      worker?.start();
      break;
    case 'prepare':
      prepare().then(
        () => post({ type: 'prepared' }),
        (error: unknown) => ending.fail(error),
      );
      break;
    case 'drain':
      ending.drain();
      break;
    case 'metrics':
      metrics.received(message.text);
      break;
    case 'announce-ending':
      worker?.announceEnding();
      break;
    case 'end-streams':
      worker?.endStreams();
      break;
  }
}

process.on('uncaughtException', (error) => ending.failOutsideRequest(error));
process.on('unhandledRejection', (error) => ending.failOutsideRequest(error));
port.on('message', onMessage);
load().then(
  (declarations) => {
    post({ type: 'started', declarations });
    // Where a compile cache is enabled, the workers that start later find what this one has compiled.
    flushCompileCache();
  },
  (error: unknown) => ending.fail(error),
);
