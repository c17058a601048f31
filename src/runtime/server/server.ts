/**
 * The server: one net.Server on the main thread and a pool of worker threads that serve one application
 * module. It knows nothing of what the application does.
 *
 *     await using server = await Server.start({ app: 'file:///…/app.ts', port: 0 });
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LOG_SETTINGS } from '../../platform/log-settings.ts';
import { defaultSettings, joinGroups } from '../../platform/settings/settings.ts';
import type { Stage } from '../memory/workers/stages.ts';
import { RUNTIME_SETTINGS, type ServerSettings } from '../settings.ts';
import { assemble, type Parts } from './assemble.ts';
import { type RuntimeLogger, SILENT_LOGGER } from './runtime-logger.ts';
import { type ShutdownReport, shutDown } from './shutdown.ts';

export type { ShutdownReport } from './shutdown.ts';

const DEFAULTS = defaultSettings(joinGroups(RUNTIME_SETTINGS, LOG_SETTINGS));

/** Connections that the system may hold for us before we accept them. */
const BACKLOG = 4_096;

/** A loop can allocate a gigabyte in a second. */
const MEMORY_INTERVAL_MS = 50;

export interface ServerOptions extends Partial<ServerSettings> {
  /** File URL of the application module. */
  readonly app: string;
  /** The workers' `process.env`, instead of this process's own. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly logger?: RuntimeLogger;
  /** Called when the process cannot go on. By default it kills itself, so that its supervisor restarts it. */
  readonly onHopeless?: (reason: string) => void;
  /**
   * How many workers are restarted in a second when they end again and again, beyond the first 16. Default 2.
   */
  readonly restartsPerSecond?: number;
  /**
   * How long a route that has ended three workers within a minute gets 503 at first, in milliseconds. Default
   * 10,000. 0 cuts off no route.
   */
  readonly cutOffMs?: number;
}

/** What is in use. At rest everything except `workers` is 0. */
export interface ServerUsage {
  readonly connections: number;
  /** Memory for requests. */
  readonly inboundBytes: number;
  /** Responses that clients have not taken. */
  readonly outboundBytes: number;
  readonly queued: number;
  readonly workers: number;
}

export class Server implements AsyncDisposable {
  readonly #settings: ServerSettings;
  readonly #logger: RuntimeLogger;
  readonly #net: NetServer;
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;
  #memoryTimer: NodeJS.Timeout | undefined;
  #closing: Promise<ShutdownReport> | null = null;
  /** While SHUTDOWN_DELAY_MS is under way. */
  #delay: AbortController | null = null;

  /**
   * Starts the first worker, lets it prepare the application, binds the port and serves. The other workers
   * join as they come, and one that cannot be started is tried again. `complete` waits for them.
   * @throws the error of the first worker if it could not start, or of `listen`
   */
  static async start(options: ServerOptions): Promise<Server> {
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
    onHopeless = (reason) => giveUp(logger, reason),
    restartsPerSecond,
    cutOffMs,
    ...settings
  }: ServerOptions) {
    this.#settings = { ...DEFAULTS, ...settings };
    this.#logger = logger;
    this.#parts = assemble(this.#settings, {
      environment,
      logger,
      onHopeless,
      restartsPerSecond,
      cutOffMs,
    });
    this.#net = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
    this.#net.on('connection', (socket) => this.#parts.connections.accept(socket));
    // It may be out of descriptors for a moment. It goes on accepting.
    this.#net.on('error', (error) => {
      if (this.#net.listening) logger.error({ error }, 'A connection could not be accepted');
    });
  }

  /** The address and port on which the server listens. */
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

  /** The resources in use, for tests and metrics. At rest everything except `workers` is 0. */
  get usage(): ServerUsage {
    const { connections, inbound, ledger, queue, supervisor } = this.#parts;
    return {
      connections: connections.count,
      inboundBytes: inbound.allocatedBytes,
      outboundBytes: ledger.heldBytes,
      queued: queue.length,
      workers: supervisor.serving,
    };
  }

  /**
   * The times of the stages of requests since the start, of those that were timed: how many there are in each
   * bucket of a histogram (memory/workers/stage-histogram.ts).
   */
  get stageTimes(): ReadonlyMap<Stage, ArrayLike<number>> {
    this.#parts.stageTotals.addUp();
    return this.#parts.stageTotals.all();
  }

  /** Threads that have not ended. After `close` these hang in a native call. */
  get threads(): number {
    return [...this.#parts.supervisor.living()].length;
  }

  /** Resolves when all workers serve for the first time. Stays pending if the server stops before. */
  get complete(): Promise<void> {
    return this.#parts.supervisor.complete;
  }

  /**
   * Replaces all workers with fresh ones, one after the other. Drops no connection and loses no request. A
   * later reload, or `close`, overtakes one that is under way.
   * @returns whether all were replaced. False if it was overtaken
   * @throws the error of a fresh worker that could not be started. The old ones that are left serve on
   */
  reload(): Promise<boolean> {
    return this.#parts.supervisor.reload();
  }

  /**
   * Serves on for SHUTDOWN_DELAY_MS, while the application's readiness says that it stops. Then accepts no
   * more, finishes pending requests, joins the workers and closes the sockets. After SHUTDOWN_TIMEOUT_MS it
   * cuts off the rest.
   * @returns what was cut off
   */
  close(): Promise<ShutdownReport> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends SHUTDOWN_DELAY_MS. @returns whether it was under way */
  endDelay(): boolean {
    if (this.#delay === null) return false;
    this.#delay.abort();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const { running, connections, overload, memoryWatch, supervisor } = this.#parts;
    const { host, port } = this.#settings;
    running.set();
    await this.#step('first worker started', () => supervisor.startFirst());
    await this.#step('application prepared', () => supervisor.prepare());
    memoryWatch.begin();
    // Deadlines count from the last sweep.
    connections.sweep(performance.now());
    await this.#step('port bound', async () => {
      this.#net.listen({ host, port, backlog: BACKLOG });
      await once(this.#net, 'listening');
    });
    overload.begin();
    supervisor.serve();
    const interval = Math.min(connections.sweepIntervalMs, this.#settings.handlerTimeoutMs / 4);
    this.#timer = setInterval(() => this.#tick(), interval);
    this.#memoryTimer = setInterval(() => memoryWatch.look(performance.now()), MEMORY_INTERVAL_MS).unref();
  }

  async #step(name: string, run: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await run();
    this.#logger.debug({ ms: Math.round(performance.now() - start) }, name);
  }

  /** The slow timer: deadlines, heartbeats, and a round in case a wake-up was lost with a worker. */
  #tick(): void {
    const { connections, supervisor, recovery, dispatcher, overload, routeCutOff } = this.#parts;
    const now = performance.now();
    connections.sweep(now);
    supervisor.checkHeartbeats(now);
    routeCutOff.check(now);
    recovery.lookAgain();
    overload.look();
    if (connections.anyPending) dispatcher.ring();
  }

  async #close(): Promise<ShutdownReport> {
    const delayed = this.#waitForBalancers();
    const report = await shutDown({ ...this.#parts, ...this.#settings, net: this.#net, delayed });
    clearInterval(this.#timer);
    clearInterval(this.#memoryTimer);
    this.#parts.dispatcher.stop();
    this.#parts.overload.stop();
    this.#parts.metrics.stop();
    return report;
  }

  /** Load balancers learn by the readiness, and some learn late. */
  async #waitForBalancers(): Promise<void> {
    const { shutdownDelayMs } = this.#settings;
    if (shutdownDelayMs === 0 || !this.#net.listening) return;
    this.#delay = new AbortController();
    await delay(shutdownDelayMs, undefined, { signal: this.#delay.signal }).catch(() => {});
    this.#delay = null;
  }

  get #address(): AddressInfo {
    const address = this.#net.address();
    if (address === null || typeof address === 'string') throw new Error('The server does not listen');
    return address;
  }
}

function giveUp(logger: RuntimeLogger, reason: string): void {
  logger.error({}, `The process cannot go on and ends: ${reason}`);
  killProcess();
}

/** Kills the process. `process.exit` would wait for threads that hang in native calls. */
export function killProcess(): void {
  process.kill(process.pid, 'SIGKILL');
}
