/**
 * The CloudVM application, as the runtime loads it in every worker thread: `routes` first, then `start`; one
 * of the workers is also told to `prepare` before any of them serves, and each to `stop` after its last
 * request. It learns its configuration from the environment, where the main thread has put the database's
 * address.
 */

import { createLogger } from '../platform/log.ts';
import { LOG_SETTINGS } from '../platform/log-settings.ts';
import { occasionally } from '../platform/occasionally.ts';
import { joinGroups, readSettings } from '../platform/settings/settings.ts';
import type { Router, WorkerPool } from '../runtime/application.ts';
import { prepareSecret } from './accounts/tokens/secret.ts';
import { ApplicationReadiness } from './health/readiness.ts';
import { registerRoutes } from './routes.ts';
import { prepareServices, Services } from './services.ts';
import { CLOUDVM_SETTINGS } from './settings.ts';

const SETTINGS = joinGroups(CLOUDVM_SETTINGS, LOG_SETTINGS);

/** Between two log lines about the same trouble. */
const REPORT_INTERVAL_MS = 10_000;

interface Started {
  readonly services: Services;
  readonly pool: WorkerPool;
}

let state: Started | 'starting' | 'draining' = 'starting';

export function routes(router: Router): void {
  const { corsOrigins, logLevel } = readSettings(SETTINGS, process.env);
  const logger = createLogger({ level: logLevel, name: 'cloudvm' });
  registerRoutes(router, {
    corsOrigins,
    services,
    readiness: new ApplicationReadiness(() => state),
    onDatabaseTrouble: occasionally(REPORT_INTERVAL_MS, (error, others) =>
      logger.error({ error, others }, 'Requests fail, as the database does not do its part'),
    ),
  });
}

/** The indexes; the collections come with them. */
export async function prepare(): Promise<void> {
  await prepareServices(services().database);
}

/** @throws Error that names what is missing: a setting, the secret, the database */
export async function start(pool: WorkerPool): Promise<void> {
  const settings = readSettings(SETTINGS, process.env);
  const { mongodbUri: uri, mongodbDatabase: databaseName, jwtTtlSeconds, logLevel } = settings;
  if (uri === undefined) {
    throw new Error('MONGODB_URI is not set: whoever starts the workers must give them a database');
  }
  const { secrets } = await prepareSecret(settings);
  const logger = createLogger({ level: logLevel, name: 'cloudvm' });
  const opened = await Services.open({
    uri,
    databaseName,
    workers: pool.size,
    secrets,
    tokenTtlSeconds: jwtTtlSeconds,
    onError: occasionally(REPORT_INTERVAL_MS, (error, others) =>
      logger.warn({ error, others }, 'A VM could not be started yet; it is tried again'),
    ),
  });
  state = { services: opened, pool };
}

export async function stop(): Promise<void> {
  const opened = state;
  state = 'draining';
  if (typeof opened !== 'string') await opened.services[Symbol.asyncDispose]();
}

function services(): Services {
  if (typeof state === 'string') throw new Error(`The application has no services: it is ${state}`);
  return state.services;
}
