/**
 * The command: configuration → database → server → signals. Exit codes: 0 after an orderly stop, 1 when something was
 * cut off while stopping, 2 for a setting that is wrong, 3 when the start fails (port taken, database unreachable), 4 when
 * the embedded database has failed. Killed (137) by itself when threads hang in native calls, or by a second signal.
 */

import { type CloudVmResources, openCloudVmResources } from './cloudvm-resources.ts';
import { type Config, ConfigurationError, loadConfiguration } from './config.ts';
import { createLogger, type Logger } from './log.ts';
import { killProcess, Server } from './server/server.ts';

const EXIT_CUT_OFF = 1;
const EXIT_CONFIGURATION = 2;
const EXIT_START = 3;
const EXIT_DATABASE_DIED = 4;

/** Threads that hang in a native call after the stop. */
let threadsLeft = 0;

const CLOUDVM_APPLICATION = loadConfiguration({}).app;

async function main(): Promise<number> {
  const config = readConfiguration();
  if (config === null) return EXIT_CONFIGURATION;
  const logger = createLogger({ level: config.logLevel, name: 'server' });
  const signals = new Signals();
  try {
    return await serve(config, logger, signals);
  } catch (error) {
    logger.debug({ error }, 'The start failed');
    process.stderr.write(`cloudvm-backend cannot start: ${explain(error, config)}\n`);
    return EXIT_START;
  }
}

async function serve(config: Config, logger: Logger, signals: Signals): Promise<number> {
  const isCloudVm = config.app === CLOUDVM_APPLICATION;
  await using resources = isCloudVm ? await openCloudVmResources(config, logger) : null;
  await using server = await Server.start({
    ...config,
    logger,
    environment: { ...process.env, ...resources?.environment },
  });
  logger.info(
    {},
    `listening on ${server.url} with ${resources?.database ?? 'no database'}, core ${config.core}, ${config.workers} workers`,
  );
  signals.onReload(() => reload(server, logger));
  const reason = await Promise.race([signals.stop, databaseFailure(resources)]);
  logger.info({}, `stopping: ${reason.message}`);
  const orderly = await server.close();
  if (!orderly) logger.warn({}, 'not everything had ended in time and was cut off');
  threadsLeft = server.threads;
  if (reason.exitCode !== 0) return reason.exitCode;
  return orderly ? 0 : EXIT_CUT_OFF;
}

interface StopReason {
  readonly message: string;
  readonly exitCode: number;
}

/** SIGINT and SIGTERM stop in order, a second one at once; SIGHUP replaces the workers. */
class Signals {
  readonly stop: Promise<StopReason>;
  #reload: (() => Promise<void>) | null = null;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<StopReason>();
    this.stop = promise;
    let stopping = false;
    const onStop = (signal: NodeJS.Signals): void => {
      if (stopping) killProcess();
      stopping = true;
      resolve({ message: signal, exitCode: 0 });
    };
    process.on('SIGINT', onStop);
    process.on('SIGTERM', onStop);
    // From the beginning, as the signal's default would end a process that is only starting.
    process.on('SIGHUP', () => void this.#reload?.());
  }

  onReload(reload: () => Promise<void>): void {
    this.#reload = reload;
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
if (threadsLeft > 0) killProcess();
else process.exit();
