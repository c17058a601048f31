/**
 * Makes the parts of a server and connects them. Main thread, called once by the constructor of `Server`.
 *
 * Parts that need each other meet here, in arrow functions that look a part up when they are called. None is
 * called before all parts exist.
 */

import { availableParallelism } from 'node:os';
import { runtimeDigest } from '../code-digest.ts';
import type { Declarations } from '../http/declarations.ts';
import { seedRateLimits } from '../memory/clients/shared-rate-limits.ts';
import type { ReadyQueue } from '../memory/connections/ready-queue.ts';
import { ownerOf } from '../memory/connections/state-word.ts';
import {
  allocateMemory,
  computeLayout,
  type SharedMemory,
  SPARE_SLOTS,
  viewMemory,
} from '../memory/layout.ts';
import { openConnectionTable, openMainBell, openParkedWorkers, openReadyQueue } from '../memory/open.ts';
import { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import { StartGate } from '../memory/synchronization/start-gate.ts';
import { CutOffRoutes } from '../memory/workers/cut-off-routes.ts';
import { ServingWorkers } from '../memory/workers/serving-workers.ts';
import { StageTimes } from '../memory/workers/stage-times.ts';
import type { ServerSettings } from '../settings.ts';
import type { WorkerStart } from '../worker/messages.ts';
import { ClientEvents } from './connections/client-events.ts';
import { Connections } from './connections/connections.ts';
import { Endings } from './connections/endings.ts';
import { Ownership } from './connections/ownership.ts';
import { RefusalHeaders } from './connections/refusal-headers.ts';
import { Registry } from './connections/registry.ts';
import { Uploads } from './connections/uploads.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { MainCounts } from './metrics/main-counts.ts';
import { Metrics } from './metrics/metrics.ts';
import { serverMetrics } from './metrics/server-metrics.ts';
import { Overload } from './overload/overload.ts';
import { ConstantAnswers } from './own-answers/constant-answers.ts';
import { OwnAnswers } from './own-answers/own-answers.ts';
import type { RuntimeLogger } from './runtime-logger.ts';
import { writeAtOnce } from './sockets/client-socket.ts';
import { Deadlines } from './sockets/deadlines.ts';
import { descriptorBudget } from './sockets/descriptor-limit.ts';
import { Inbound } from './sockets/inbound.ts';
import { Outbound } from './sockets/outbound.ts';
import { OutboundLedger } from './sockets/outbound-ledger.ts';
import { RefusedSockets } from './sockets/refused-sockets.ts';
import { Sampling } from './timing/sampling.ts';
import { StageTotals } from './timing/stage-totals.ts';
import { TurnTimes } from './timing/turn-times.ts';
import { FlightRecorder } from './workers/flight-recorder.ts';
import { HandlerDeadlines } from './workers/handler-deadlines.ts';
import { MemoryWatch } from './workers/memory-watch.ts';
import { Recovery } from './workers/recovery.ts';
import { RouteCutOff } from './workers/route-cut-off.ts';
import { Supervisor } from './workers/supervisor.ts';
import type { WorkerHandle } from './workers/worker-handle.ts';

const MB = 1_048_576;
/** Of each worker's outbound ring. */
const RING_BYTES = MB;
/** Of each core's region: the parse record, limits and the route tree. */
const CORE_BYTES = 4 * 65_536;
/** How long a connection that we have ended waits for its client to close too. */
const LINGER_MS = 2_000;

/** The inputs of the parts besides the settings. */
export interface Surroundings {
  /** The workers' `process.env`. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: RuntimeLogger;
  readonly onHopeless: (reason: string) => void;
  /** How many workers may be restarted in a second when they end again and again. */
  readonly restartsPerSecond: number | undefined;
  /** How long a route that ends its workers is cut off for the first time. 0 cuts off none. */
  readonly cutOffMs: number | undefined;
}

export interface Parts {
  /** Set while the server takes requests. */
  readonly running: AtomicFlag;
  /** Set when it was asked to stop. */
  readonly stopping: AtomicFlag;
  readonly queue: ReadyQueue;
  readonly inbound: Inbound;
  readonly ledger: OutboundLedger;
  readonly connections: Connections;
  readonly dispatcher: Dispatcher;
  readonly overload: Overload;
  readonly recovery: Recovery;
  readonly routeCutOff: RouteCutOff;
  readonly memoryWatch: MemoryWatch<WorkerHandle>;
  readonly metrics: Metrics;
  readonly stageTotals: StageTotals;
  readonly supervisor: Supervisor;
}

export function assemble(wanted: ServerSettings, surroundings: Surroundings): Parts {
  const { logger } = surroundings;
  const clock = performance;
  const descriptors = descriptorBudget(wanted.maxConnections, wanted.workers + SPARE_SLOTS);
  const settings = withinDescriptorLimit(wanted, descriptors.connections, logger);
  const shared = createMemory(settings);
  seedRateLimits(shared);
  const table = openConnectionTable(shared);
  const queue = openReadyQueue(shared);
  const parked = openParkedWorkers(shared);
  const servingWorkers = new ServingWorkers(shared);
  const inbound = new Inbound(shared, table);
  const ownerIn = (stateWord: number) => supervisor.workerIn(ownerOf(stateWord));
  const ledger = new OutboundLedger({
    limitBytes: settings.outboundMemoryMb * MB,
    windowBytes: settings.outboundWindowBytes,
    publish: (kilobytes) => Atomics.store(shared.words, shared.layout.outboundHeldWord, kilobytes),
  });
  const outbound = new Outbound({
    ledger,
    bytes: shared.bytes,
    table,
    writeTimeoutMs: settings.writeTimeoutMs,
    clock,
    writeAtOnce,
    onCredit: (connection) => ownerIn(table.stateWord(connection))?.wake(),
  });
  const registry = new Registry(settings.maxConnections);
  const refusalHeaders = new RefusalHeaders();
  const counts = new MainCounts(shared);
  const endings = new Endings(table, refusalHeaders, counts);
  const turnTimes = new TurnTimes({
    table,
    sampling: new Sampling(settings.serverTiming ? 1 : settings.timingSample),
    stageTimes: new StageTimes(shared, shared.layout.slots),
    clock,
  });
  const stageTotals = new StageTotals(shared);
  const ownAnswers = new OwnAnswers(refusalHeaders, () => metrics.latest());
  const constantAnswers = new ConstantAnswers(ownAnswers, counts);
  const ownership = new Ownership({
    table,
    queue,
    registry,
    endings,
    ledger,
    turnTimes,
    onReady: () => dispatcher.ring(),
    onHeavy: (connection) => dispatcher.addHeavy(connection),
  });
  const clientEvents = new ClientEvents({
    table,
    endings,
    ownership,
    constantAnswers,
    refuses: () => overload.refuses(),
    onTurnAway: (connection) => overload.turnAway(connection),
    onWithdrawn: (connection) => overload.answerItself(connection),
    onLeft: (connection) => overload.left(connection),
    onAbort: ({ number, generation }, stateWord) =>
      ownerIn(stateWord)?.send({ type: 'abort', connection: number, generation }),
    onHalfClosed: ({ number, generation }, stateWord) =>
      ownerIn(stateWord)?.send({ type: 'half-closed', connection: number, generation }),
  });
  const deadlines = new Deadlines({ ...settings, lingerMs: LINGER_MS }, clock.now());
  const uploads = new Uploads({
    registry,
    deadlines,
    send: ({ number }, answer) => ownerIn(table.stateWord(number))?.sendUpload(answer),
  });
  const connections = new Connections({
    table,
    registry,
    clientEvents,
    ownership,
    endings,
    refused: new RefusedSockets(LINGER_MS, descriptors.refused, refusalHeaders, counts),
    inbound,
    outbound,
    deadlines,
    ledger,
    turnTimes,
  });
  const dispatcher: Dispatcher = new Dispatcher({
    table,
    queue,
    parked,
    bell: openMainBell(shared),
    ownership,
    outbound,
    maxInFlight: settings.maxInFlight,
    processors: availableParallelism(),
    clock,
    onBacklog: () => overload.watch(),
  });
  const overload: Overload = new Overload({
    queue,
    registry,
    endings,
    ownership,
    ownAnswers,
    counts,
    maxQueueWaitMs: settings.maxQueueWaitMs,
    isAnyoneFree: () => dispatcher.isAnyoneFree,
    isMemoryShort: () => memoryWatch.isShort,
    clock,
    logger,
  });
  const handlerDeadlines = new HandlerDeadlines({
    suspended: new AtomicFlag(shared.words, shared.layout.deadlinesSuspendedWord),
    logger,
  });
  const areDeadlinesSuspended = () => handlerDeadlines.areSuspended();
  let routes: Declarations['routes'] = [];
  const nameOf = (route: number): string => nameOfRoute(routes, route);
  const flightRecorder = new FlightRecorder({ table, registry, clock, nameOf });
  const routeCutOff = new RouteCutOff({
    routes: new CutOffRoutes(shared),
    logger,
    nameOf,
    firstMs: surroundings.cutOffMs,
  });
  const recovery = new Recovery({
    logger,
    refusalHeaders,
    counts,
    table,
    queue,
    parked,
    startGate: new StartGate(shared, shared.layout.slots),
    registry,
    ownership,
    outbound,
    dispatcher,
    handlerTimeoutMs: settings.handlerTimeoutMs,
    areDeadlinesSuspended,
    clock,
    living: () => supervisor.living(),
  });
  const supervisor: Supervisor = new Supervisor({
    ...surroundings,
    shared,
    workers: settings.workers,
    start: workerStart(shared, settings),
    heapMb: settings.workerHeapMb,
    areDeadlinesSuspended,
    onLoaded: (slot, declarations) => {
      routes = declarations.routes;
      ownAnswers.declare(declarations);
      refusalHeaders.declare(declarations);
      metrics.declare(slot, declarations);
      constantAnswers.declare(declarations);
    },
    onCollectMetrics: (worker) => {
      void metrics.collect().then((text) => worker.send({ type: 'metrics', text }));
    },
    examine: (worker) => flightRecorder.read(worker),
    onReload: () => routeCutOff.forget(),
    onBlamed: (route) => routeCutOff.blame(route, clock.now()),
    onServing: (worker) => dispatcher.addWorker(worker),
    onBell: () => dispatcher.ring(),
    onUpload: (message) => uploads.onMessage(message),
    onStuck: (worker) => recovery.afterStuck(worker),
    onHung: (worker, cause) => recovery.afterHung(worker, cause),
    onEnded: (worker, cause) => recovery.afterExit(worker, cause),
    onPoolChanged: (serving) => servingWorkers.publish(serving),
  });
  const memoryWatch: MemoryWatch<WorkerHandle> = new MemoryWatch({
    heapMb: settings.workerHeapMb,
    maxRssMb: settings.maxRssMb,
    workers: () => supervisor.living(),
    logger,
    onTooLarge: (worker, details) => supervisor.endTooLarge(worker, details),
    onLargest: (worker, details) => supervisor.endLargest(worker, details),
  });
  const metrics: Metrics = new Metrics({
    shared,
    counts,
    stageTotals,
    sampled: serverMetrics(() => ({
      connections,
      queue,
      overload,
      inbound,
      outbound,
      ledger,
      supervisor,
      parked,
      counts,
    })),
    isAlive: (slot) => supervisor.workerIn(slot) !== undefined,
    clock,
    logger,
  });
  const running = new AtomicFlag(shared.words, shared.layout.runningWord);
  const stopping = new AtomicFlag(shared.words, shared.layout.stoppingWord);
  return {
    ledger,
    running,
    stopping,
    queue,
    inbound,
    connections,
    dispatcher,
    overload,
    recovery,
    routeCutOff,
    memoryWatch,
    metrics,
    stageTotals,
    supervisor,
  };
}

function nameOfRoute(routes: Declarations['routes'], route: number): string {
  const pattern = routes[route];
  return pattern === undefined ? 'no route' : `${pattern.method} ${pattern.path}`;
}

function createMemory(settings: ServerSettings): SharedMemory {
  const layout = computeLayout({
    workers: settings.workers,
    connections: settings.maxConnections,
    inboundBytes: settings.inboundMemoryMb * MB,
    ringBytes: RING_BYTES,
    coreBytes: CORE_BYTES,
  });
  return viewMemory(allocateMemory(layout), layout);
}

function workerStart({ memory, layout }: SharedMemory, settings: ServerSettings): Omit<WorkerStart, 'slot'> {
  const { maxHeaderBytes, maxTargetBytes, maxBodyBytes } = settings;
  return {
    memory,
    layout,
    runtimeDigest: runtimeDigest(),
    core: settings.core,
    limits: { maxHeaderBytes, maxTargetBytes, maxBodyBytes },
    application: settings.app,
    maxInFlight: settings.maxInFlight,
    trustedProxies: settings.trustedProxies,
    outboundMemoryMb: settings.outboundMemoryMb,
    handlerTimeoutMs: settings.handlerTimeoutMs,
    drainTimeoutMs: settings.drainTimeoutMs,
    nice: settings.workerNice,
    logLevel: settings.logLevel,
    serverTiming: settings.serverTiming,
  };
}

function withinDescriptorLimit(
  settings: ServerSettings,
  maxConnections: number,
  logger: RuntimeLogger,
): ServerSettings {
  if (maxConnections < settings.maxConnections) {
    const details = { wanted: settings.maxConnections, maxConnections };
    logger.warn(
      details,
      `MAX_CONNECTIONS is lowered to ${maxConnections}: the limit of open files allows no more`,
    );
  }
  return { ...settings, maxConnections };
}
