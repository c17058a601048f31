/**
 * The server: one net.Server on the main thread and a pool of worker threads that serve one application module. It
 * knows nothing of what the application does.
 *
 *     await using server = await Server.start({ app: 'file:///…/app.ts', port: 0 });
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { type Config, loadConfiguration } from '../../config.ts';
import { ConnectionTable } from '../memory/connections/connection-table.ts';
import { ReadyQueue } from '../memory/connections/ready-queue.ts';
import { ownerOf } from '../memory/connections/state-word.ts';
import {
  allocateMemory,
  computeLayout,
  type SharedMemory,
  SPARE_SLOTS,
  viewMemory,
} from '../memory/layout.ts';
import { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import { MainBell, ParkedWorkers } from '../memory/synchronization/parking.ts';
import { StartGate } from '../memory/synchronization/start-gate.ts';
import { ServingWorkers } from '../memory/workers/serving-workers.ts';
import type { WorkerStart } from '../worker/messages.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { type RuntimeLogger, SILENT_LOGGER } from './runtime-logger.ts';
import { Connections } from './sockets/connections.ts';
import { Deadlines } from './sockets/deadlines.ts';
import { descriptorBudget } from './sockets/descriptor-limit.ts';
import { Inbound } from './sockets/inbound.ts';
import { Outbound } from './sockets/outbound.ts';
import { Recovery } from './workers/recovery.ts';
import { Supervisor } from './workers/supervisor.ts';

const MB = 1_048_576;
/** Of each worker's outbound ring. */
const RING_BYTES = MB;
/** Of each core's region: the parse record, limits and the route tree. */
const CORE_BYTES = 4 * 65_536;
/** How long a connection that we have ended waits for its client to close too. */
const LINGER_MS = 2_000;
/** Of SHUTDOWN_TIMEOUT_MS: until streams are cut off, and until everything is, which leaves the rest to stop the application. */
const SHARE_FOR_STREAMS = 0.5;
const SHARE_FOR_REQUESTS = 0.8;
/** Connections that the system may hold for us before we accept them. */
const BACKLOG = 4_096;

export interface ServerOptions extends Partial<Config> {
  /** What the workers find in `process.env`, instead of this process's own. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly logger?: RuntimeLogger;
  /** The process cannot go on; by default it kills itself, for its supervisor to restart it. */
  readonly onHopeless?: (reason: string) => void;
}

export class Server implements AsyncDisposable {
  readonly #config: Config;
  readonly #logger: RuntimeLogger;
  readonly #net: NetServer;
  readonly #shared: SharedMemory;
  readonly #running: AtomicFlag;
  readonly #connections: Connections;
  readonly #dispatcher: Dispatcher;
  readonly #recovery: Recovery;
  readonly #supervisor: Supervisor;
  readonly #inbound: Inbound;
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<boolean> | null = null;
  #whenIdle: (() => void) | null = null;

  /**
   * Starts the pool, lets one worker prepare the application, and binds the port.
   * @throws what a worker said that could not start, or the error of `listen`
   */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = new Server(options);
    try {
      await server.#start();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  private constructor({
    environment = process.env,
    logger = SILENT_LOGGER,
    onHopeless,
    ...settings
  }: ServerOptions) {
    const wanted = { ...loadConfiguration({}), ...settings };
    const descriptors = descriptorBudget(wanted.maxConnections, wanted.workers + SPARE_SLOTS);
    const config = withinDescriptorLimit(wanted, descriptors.connections, logger);
    this.#config = config;
    this.#logger = logger;
    const layout = computeLayout({
      workers: config.workers,
      connections: config.maxConnections,
      inboundBytes: config.inboundMemoryMb * MB,
      ringBytes: RING_BYTES,
      coreBytes: CORE_BYTES,
    });
    this.#shared = viewMemory(allocateMemory(layout), layout);
    this.#running = new AtomicFlag(this.#shared.words, layout.runningWord);
    const table = new ConnectionTable(this.#shared);
    const queue = new ReadyQueue(this.#shared);
    const parked = new ParkedWorkers(this.#shared);
    const servingWorkers = new ServingWorkers(this.#shared);
    const startGate = new StartGate(this.#shared, layout.slots);
    this.#inbound = new Inbound(this.#shared, table);
    const outbound = new Outbound({
      bytes: this.#shared.bytes,
      table,
      writeTimeoutMs: config.writeTimeoutMs,
      onCredit: (connection) => this.#workerIn(ownerOf(table.stateWord(connection.number)))?.wake(),
    });
    this.#dispatcher = new Dispatcher({
      shared: this.#shared,
      table,
      queue,
      parked,
      bell: new MainBell(this.#shared),
      outbound,
      maxInFlight: config.maxInFlight,
    });
    this.#connections = new Connections({
      table,
      queue,
      inbound: this.#inbound,
      outbound,
      deadlines: { ...config, lingerMs: LINGER_MS },
      outboundWindowBytes: config.outboundWindowBytes,
      refusedAtOnce: descriptors.refused,
      onReady: () => this.#dispatcher.ring(),
      onHeavy: (connection) => this.#dispatcher.addHeavy(connection),
      onAbort: ({ number, generation }, word) =>
        this.#workerIn(ownerOf(word))?.send({ type: 'abort', connection: number, generation }),
      onReleased: () => this.#checkIdle(),
    });
    this.#dispatcher.serve(this.#connections);
    this.#supervisor = new Supervisor({
      shared: this.#shared,
      workers: config.workers,
      start: workerStart(this.#shared, config),
      heapMb: config.workerHeapMb,
      environment,
      logger,
      onServing: (worker) => this.#dispatcher.addWorker(worker),
      onBell: () => this.#dispatcher.ring(),
      onStuck: (worker) => {
        // Parked as it is, it would seem idle to the others, which would leave requests to it.
        parked.unpark(worker.slot);
      },
      onHung: (worker, cause) => {
        this.#dispatcher.drain(worker);
        this.#recovery.abandon(worker, cause);
        outbound.flush();
      },
      onEnded: (worker, cause) => {
        parked.unpark(worker.slot);
        this.#dispatcher.drain(worker);
        if (worker.ring.nextSalvaged()) this.#connections.onRecord(worker.ring);
        this.#dispatcher.removeWorker(worker);
        this.#recovery.recover(worker, cause);
        outbound.flush();
        worker.ring.reset();
        worker.words.reset();
        startGate.onExit(worker.slot);
        this.#dispatcher.ring();
      },
      onPoolChanged: (serving) => servingWorkers.publish(serving),
      onHopeless: onHopeless ?? ((reason) => this.#giveUp(reason)),
    });
    this.#recovery = new Recovery({
      table,
      queue,
      connections: this.#connections,
      outbound,
      handlerTimeoutMs: config.handlerTimeoutMs,
      living: () => this.#supervisor.living(),
    });
    this.#net = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    this.#connections.listenTo(this.#net);
  }

  /** Where the server listens. */
  get port(): number {
    return this.#address.port;
  }

  get host(): string {
    return this.#address.address;
  }

  get url(): string {
    const { address, family, port } = this.#address;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** What is held at this moment, for tests and metrics; at rest everything but `workers` is 0. */
  get usage(): { connections: number; inboundBytes: number; queued: number; workers: number } {
    return {
      connections: this.#connections.count,
      inboundBytes: this.#inbound.allocatedBytes,
      queued: new ReadyQueue(this.#shared).length,
      workers: this.#supervisor.serving,
    };
  }

  /** Threads that have not ended; after `close`, those that hang in a native call. */
  get threads(): number {
    return [...this.#supervisor.living()].length;
  }

  /** Replaces all workers, one after the other, with fresh ones; no connection is dropped and no request lost. */
  async reload(): Promise<void> {
    await this.#supervisor.reload();
  }

  /**
   * Accepts no more, finishes what is pending, joins the workers, closes the sockets; what has not ended within
   * SHUTDOWN_TIMEOUT_MS is cut off.
   * @returns whether everything ended in order
   */
  close(): Promise<boolean> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const { host, port } = this.#config;
    this.#running.set();
    await this.#step('workers started', () => this.#supervisor.start());
    await this.#step('application prepared', () => this.#supervisor.prepare());
    // Deadlines count from the last sweep.
    this.#connections.sweep(performance.now());
    await this.#step('port bound', async () => {
      this.#net.listen({ host, port, backlog: BACKLOG });
      await once(this.#net, 'listening');
    });
    this.#supervisor.serve();
    const interval = Deadlines.interval({ ...this.#config, lingerMs: LINGER_MS });
    this.#timer = setInterval(() => this.#tick(), Math.min(interval, this.#config.handlerTimeoutMs / 4));
  }

  async #step(name: string, run: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await run();
    this.#logger.debug({ ms: Math.round(performance.now() - start) }, name);
  }

  /** The slow timer: deadlines, heartbeats, and a look at everything in case a wake-up was lost with a worker. */
  #tick(): void {
    const now = performance.now();
    this.#connections.sweep(now);
    this.#supervisor.checkHeartbeats(now);
    this.#recovery.lookAgain();
    if (this.#connections.pending > 0) this.#dispatcher.ring();
  }

  async #close(): Promise<boolean> {
    const { shutdownTimeoutMs, drainTimeoutMs } = this.#config;
    const deadline = performance.now() + shutdownTimeoutMs;
    const closed = this.#net.listening ? once(this.#net, 'close') : null;
    if (closed !== null) this.#net.close();
    this.#running.clear();
    this.#connections.stop();
    const streams = setTimeout(
      () => this.#supervisor.endStreams(),
      Math.min(drainTimeoutMs, shutdownTimeoutMs * SHARE_FOR_STREAMS),
    );
    await this.#idle(shutdownTimeoutMs * SHARE_FOR_REQUESTS);
    clearTimeout(streams);
    // Who was sent everything and has only not closed yet is no request that was cut off.
    const idle = !this.#connections.anyUnfinished;
    if (!idle) this.#connections.destroyAll();
    const ended = await this.#supervisor.stop(deadline - performance.now());
    this.#connections.destroyAll();
    await closed;
    clearInterval(this.#timer);
    this.#dispatcher.stop();
    return idle && ended;
  }

  /** Until no connection is left, or the time is over. */
  #idle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#whenIdle !== null && this.#connections.count === 0) {
      this.#whenIdle();
      this.#whenIdle = null;
    }
  }

  #workerIn(slot: number) {
    for (const worker of this.#supervisor.living()) if (worker.slot === slot) return worker;
    return undefined;
  }

  #giveUp(reason: string): void {
    this.#logger.error({}, `The process cannot go on and ends: ${reason}`);
    killProcess();
  }

  get #address(): AddressInfo {
    const address = this.#net.address();
    if (address === null || typeof address === 'string') throw new Error('The server does not listen');
    return address;
  }
}

function workerStart({ memory, layout }: SharedMemory, config: Config): Omit<WorkerStart, 'slot'> {
  const { maxHeaderBytes, maxTargetBytes, maxBodyBytes } = config;
  return {
    memory,
    layout,
    core: config.core,
    limits: { maxHeaderBytes, maxTargetBytes, maxBodyBytes },
    application: config.app,
    maxInFlight: config.maxInFlight,
    outboundMemoryMb: config.outboundMemoryMb,
    handlerTimeoutMs: config.handlerTimeoutMs,
    drainTimeoutMs: config.drainTimeoutMs,
    nice: config.workerNice,
    logLevel: config.logLevel,
  };
}

function withinDescriptorLimit(config: Config, maxConnections: number, logger: RuntimeLogger): Config {
  if (maxConnections < config.maxConnections) {
    const details = { wanted: config.maxConnections, maxConnections };
    logger.warn(
      details,
      `MAX_CONNECTIONS is lowered to ${maxConnections}: the limit of open files allows no more`,
    );
  }
  return { ...config, maxConnections };
}

/** `process.exit` would wait for threads that hang in native calls, and these are why it is called. */
export function killProcess(): void {
  process.kill(process.pid, 'SIGKILL');
}
