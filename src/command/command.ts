/**
 * The command: settings → resources → server → signals. src/main.ts loads it on the main thread.
 *
 * Exit codes: 0 after an orderly stop, 1 when something was cut off while stopping, 2 for a wrong setting, 3
 * when the start fails (port taken, database unreachable), 4 when the embedded database has failed. The
 * process kills itself (137) when threads hang in native calls, and at a second signal that comes more than a
 * second after the first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CLOUDVM_APPLICATION, type CloudVmResources, openCloudVmResources } from '../cloudvm/index.ts';
import { createLogger, flushStandardLog, type Logger } from '../platform/log.ts';
import { SettingsError } from '../platform/settings/settings.ts';
import { killProcess, Server, type ShutdownReport } from '../runtime/index.ts';
import { fitWorkers } from './memory-limit.ts';
import { type AllSettings, loadSettings } from './settings.ts';
import { Signals, type StopReason } from './signals.ts';
import { explainStartFailure } from './start-failure.ts';

const EXIT_CUT_OFF = 1;
const EXIT_SETTINGS = 2;
const EXIT_START = 3;
const EXIT_DATABASE_DIED = 4;

/** The reader of the log has so much time to take its last lines. */
const LOG_FLUSH_MS = 1_000;

/** Threads hang in native calls, and a regular exit would wait for them. */
let threadsHang = false;

async function main(): Promise<number> {
  const settings = readSettings();
  if (settings === null) return EXIT_SETTINGS;
  const logger = createLogger({ level: settings.logLevel, name: 'server' });
  const signals = new Signals();
  let running: Running | null;
  try {
    const stopped = givenUp(signals.stop, settings.shutdownTimeoutMs);
    running = await Promise.race([start(settings, logger), stopped]);
  } catch (error) {
    if (signals.received) {
      logger.info({ error }, 'stopped before it had started');
      return 0;
    }
    logger.debug({ error }, 'The start failed');
    process.stderr.write(`cloudvm-backend cannot start: ${explainStartFailure(error, settings)}\n`);
    return EXIT_START;
  }
  return running === null ? giveUp(logger) : await serve(running, logger, signals);
}

/** @returns null if a setting is wrong, after it has reported it */
function readSettings(): AllSettings | null {
  try {
    return loadSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}

/** The running parts, to be closed in the reverse order of their start. */
interface Running {
  readonly server: Server;
  readonly resources: CloudVmResources | null;
}

async function start(wanted: AllSettings, logger: Logger): Promise<Running> {
  const workers = fitWorkers(wanted.workers, process.constrainedMemory(), logger);
  const settings = { ...wanted, workers };
  const app = settings.app ?? CLOUDVM_APPLICATION;
  await using opened = new AsyncDisposableStack();
  const resources =
    app === CLOUDVM_APPLICATION ? opened.use(await openCloudVmResources(settings, logger)) : null;
  const environment = { ...process.env, ...resources?.environment };
  // The application may take seconds to start, and nothing else is logged meanwhile.
  logger.info({}, `starting ${settings.workers} workers`);
  const server = await Server.start({ ...settings, app, logger, environment });
  // From here on `serve` closes it.
  opened.move();
  const served = resources === null ? app : `the CloudVM application with ${resources.database}`;
  logger.info(
    {},
    `serving ${served}, core ${settings.core}, with the first of ${settings.workers} workers; ` +
      `SIGHUP to process ${process.pid} reloads, SIGTERM stops`,
  );
  // Another application may have no such route.
  const hint = resources === null ? '' : ` (try: curl ${server.url}/health)`;
  logger.info({}, `listening on ${server.url}${hint}`);
  void server.complete.then(() => logger.info({}, `all ${settings.workers} workers serve`));
  return { server, resources };
}

async function serve({ server, resources }: Running, logger: Logger, signals: Signals): Promise<number> {
  signals.onReload(() => reload(server, logger));
  signals.onHurry(() => server.endDelay());
  const reason = await Promise.race([signals.stop, databaseFailure(resources)]);
  logger.info({}, `stopping: ${reason.message}`);
  const orderly = await stop({ server, resources }, logger);
  if (reason.databaseFailed) return EXIT_DATABASE_DIED;
  return orderly ? 0 : EXIT_CUT_OFF;
}

/** @returns whether everything ended in order. The last line of the log says it too. */
async function stop({ server, resources }: Running, logger: Logger): Promise<boolean> {
  const begin = performance.now();
  let report: ShutdownReport;
  try {
    await using _resources = resources;
    report = await server.close();
    threadsHang = server.threads > 0;
  } catch (error) {
    logger.error({ error }, 'stopped, but not in order; all acknowledged writes are kept');
    return false;
  }
  const ms = Math.round(performance.now() - begin);
  const { orderly, ...counts } = report;
  const cutOff = { ...counts, ms };
  if (!orderly) logger.warn(cutOff, 'stopped; what had not ended in time was cut off');
  else if (counts.streams > 0)
    logger.info(cutOff, 'stopped; everything ended in order but streams without end');
  else logger.info({ ms }, 'stopped; everything ended in order');
  return orderly;
}

/** null if a signal came and the start has gone on for too long since. */
async function givenUp(stopping: Promise<StopReason>, timeoutMs: number): Promise<null> {
  await stopping;
  return await delay(timeoutMs, null);
}

function giveUp(logger: Logger): number {
  logger.warn({}, 'stopped; the start had not come to an end in time after the signal and was cut off');
  threadsHang = true;
  return EXIT_CUT_OFF;
}

async function reload(server: Server, logger: Logger): Promise<void> {
  logger.info({}, 'reloading: the workers are replaced one at a time');
  try {
    const wasCompleted = await server.reload();
    if (wasCompleted) logger.info({}, 'all workers were replaced');
    else logger.info({}, 'the reload was overtaken by a later one, or by the stop');
  } catch (error) {
    logger.error({ error }, 'the workers could not all be replaced; those that serve go on');
  }
}

/** Without its database the process is useless. Its supervisor starts it again. */
async function databaseFailure(resources: CloudVmResources | null): Promise<StopReason> {
  try {
    return await (resources?.failed ?? new Promise<never>(() => {}));
  } catch (error) {
    return { message: `the embedded database has failed: ${error}`, databaseFailed: true };
  }
}

process.exitCode = await main();
await flushStandardLog(LOG_FLUSH_MS);
// A resource that a library left open must not keep a stopped server alive.
if (threadsHang) killProcess();
else process.exit();
