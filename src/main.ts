/**
 * The command: configuration → database → server → signals. Exit codes: 0 after an orderly stop, 1 when something was
 * cut off while stopping, 2 for a setting that is wrong, 3 when the start fails (port taken, database unreachable), 4 when
 * the embedded database has failed. Killed (137) by itself when threads hang in native calls, or by another signal that
 * comes more than a second after the first.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type CloudVmResources, openCloudVmResources } from './cloudvm/resources.ts';
import { type Config, ConfigurationError, loadConfiguration } from './config.ts';
import { createLogger, type Logger } from './platform/log.ts';
import { killProcess, Server } from './runtime/server/server.ts';

const EXIT_CUT_OFF = 1;
const EXIT_CONFIGURATION = 2;
const EXIT_START = 3;
const EXIT_DATABASE_DIED = 4;

/** A second stop signal within this time is the first one told twice: npm and the terminal each deliver Ctrl-C. */
const SAME_SIGNAL_MS = 1_000;

/** Threads hang in native calls, which a regular exit would wait for. */
let threadsHang = false;

const CLOUDVM_APPLICATION = loadConfiguration({}).app;

async function main(): Promise<number> {
  const config = readConfiguration();
  if (config === null) return EXIT_CONFIGURATION;
  const logger = createLogger({ level: config.logLevel, name: 'server' });
  const signals = new Signals();
  let running: Running | null;
  try {
    const stopped = givenUp(signals.stop, config.shutdownTimeoutMs);
    running = await Promise.race([start(config, logger), stopped]);
  } catch (error) {
    if (signals.received) {
      logger.info({ error }, 'stopped before it had started');
      return 0;
    }
    logger.debug({ error }, 'The start failed');
    process.stderr.write(`cloudvm-backend cannot start: ${explain(error, config)}\n`);
    return EXIT_START;
  }
  return running === null ? giveUp(logger) : await serve(running, logger, signals);
}

/** What runs, to be closed in the reverse order of its start. */
interface Running {
  readonly server: Server;
  readonly resources: CloudVmResources | null;
}

async function start(config: Config, logger: Logger): Promise<Running> {
  const isCloudVm = config.app === CLOUDVM_APPLICATION;
  await using opened = new AsyncDisposableStack();
  const resources = isCloudVm ? opened.use(await openCloudVmResources(config, logger)) : null;
  const environment = { ...process.env, ...resources?.environment };
  const server = await Server.start({ ...config, logger, environment });
  // From here on `serve` closes it.
  opened.move();
  logger.info(
    {},
    `listening on ${server.url} with ${resources?.database ?? 'no database'}, core ${config.core}, ${config.workers} workers`,
  );
  return { server, resources };
}

async function serve({ server, resources }: Running, logger: Logger, signals: Signals): Promise<number> {
  signals.onReload(() => reload(server, logger));
  const reason = await Promise.race([signals.stop, databaseFailure(resources)]);
  logger.info({}, `stopping: ${reason.message}`);
  const orderly = await stop({ server, resources }, logger);
  if (reason.exitCode !== 0) return reason.exitCode;
  return orderly ? 0 : EXIT_CUT_OFF;
}

/** @returns whether everything ended in order; what did not is in the log */
async function stop({ server, resources }: Running, logger: Logger): Promise<boolean> {
  try {
    await using _resources = resources;
    const { orderly, ...cutOff } = await server.close();
    if (!orderly) logger.warn(cutOff, 'not everything had ended in time and was cut off');
    threadsHang = server.threads > 0;
    return orderly;
  } catch (error) {
    logger.error({ error }, 'the stop was not orderly; what was acknowledged is kept');
    return false;
  }
}

/** null when a signal came and the start has gone on for too long since. */
async function givenUp(stopping: Promise<StopReason>, timeoutMs: number): Promise<null> {
  await stopping;
  return await delay(timeoutMs, null);
}

function giveUp(logger: Logger): number {
  logger.warn({}, 'the start did not come to an end after the signal and is cut off');
  threadsHang = true;
  return EXIT_CUT_OFF;
}

interface StopReason {
  readonly message: string;
  readonly exitCode: number;
}

/** SIGINT and SIGTERM stop in order, a later second one at once; SIGHUP replaces the workers. */
class Signals {
  readonly stop: Promise<StopReason>;
  readonly #resolve: (reason: StopReason) => void;
  #firstAt: number | null = null;
  #reload: (() => Promise<void>) | null = null;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<StopReason>();
    this.stop = promise;
    this.#resolve = resolve;
    process.on('SIGINT', (signal) => this.#onStop(signal));
    process.on('SIGTERM', (signal) => this.#onStop(signal));
    // From the beginning, as the signal's default would end a process that is only starting.
    process.on('SIGHUP', () => void this.#reload?.());
  }

  /** Whether the process was asked to stop. */
  get received(): boolean {
    return this.#firstAt !== null;
  }

  onReload(reload: () => Promise<void>): void {
    this.#reload = reload;
  }

  #onStop(signal: NodeJS.Signals): void {
    const now = performance.now();
    this.#firstAt ??= now;
    if (now - this.#firstAt > SAME_SIGNAL_MS) killProcess();
    this.#resolve({ message: signal, exitCode: 0 });
  }
}

function readConfiguration(): Config | null {
  try {
    return loadConfiguration(process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}

async function reload(server: Server, logger: Logger): Promise<void> {
  try {
    await server.reload();
    logger.info({}, 'all workers were replaced');
  } catch (error) {
    logger.error({ error }, 'the workers could not all be replaced; those that serve go on');
  }
}

/** Without its database the process is of no use: its supervisor starts it again. */
async function databaseFailure(resources: CloudVmResources | null): Promise<StopReason> {
  try {
    return await (resources?.failed ?? new Promise<never>(() => {}));
  } catch (error) {
    return { message: `the embedded database has failed: ${error}`, exitCode: EXIT_DATABASE_DIED };
  }
}

function explain(error: unknown, config: Config): string {
  if (!(error instanceof Error)) return String(error);
  // What was open did not close either; why it was to be closed comes first.
  if (error instanceof SuppressedError) return explain(error.suppressed, config);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `port ${config.port} on ${config.host} is taken; choose another with PORT`;
  if (code === 'EACCES') return `port ${config.port} on ${config.host} is not allowed to this user`;
  if (code === 'ENOTFOUND') return `${config.host} is not known as a host; see HOST`;
  if (code === 'EADDRNOTAVAIL') return `${config.host} is not an address of this machine; see HOST`;
  return error.message;
}

process.exitCode = await main();
// Whatever a library left open must not keep a stopped server alive.
if (threadsHang) killProcess();
else process.exit();
