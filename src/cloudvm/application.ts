/**
 * The CloudVM application, as the runtime loads it in every worker. `routes` comes first, then `start`. One
 * worker is told to `prepare` before any of them serves, and each to `stop` after its last request. Settings
 * come from the environment, where the main thread has put the address of the database.
 */

import { createLogger } from '../platform/log.ts';
import { LOG_SETTINGS } from '../platform/log-settings.ts';
import { joinGroups, readSettings } from '../platform/settings/settings.ts';
import type { Router, WorkerPool } from '../runtime/application.ts';
import { prepareSecret } from './accounts/tokens/secret.ts';
import { DatabaseError } from './database/database-errors.ts';
import { ApplicationReadiness } from './health/readiness.ts';
import { occasionally } from './occasionally.ts';
import { registerRoutes } from './routes.ts';
import { prepareServices, Services } from './services.ts';
import { CLOUDVM_SETTINGS } from './settings.ts';

const SETTINGS = joinGroups(CLOUDVM_SETTINGS, LOG_SETTINGS);

/** Milliseconds between two log lines about the same problem. */
const REPORT_INTERVAL_MS = 10_000;

interface Started {
  readonly services: Services;
  readonly pool: WorkerPool;
}

let state: Started | 'starting' | 'draining' = 'starting';

export function routes(router: Router): void {
  const { corsOrigins, logLevel } = readSettings(SETTINGS, process.env);
  const logger = createLogger({ level: logLevel, name: 'cloudvm' });
  const onDatabaseTrouble = occasionally(REPORT_INTERVAL_MS, (error, others) =>
    logger.error({ ...detailsOf(error), others }, 'requests fail because of the database'),
  );
  const readiness = new ApplicationReadiness({ state: () => state, onDatabaseTrouble });
  registerRoutes(router, { corsOrigins, services, readiness, onDatabaseTrouble });
}

/** Creates the collections and their indexes. */
export async function prepare(): Promise<void> {
  await prepareServices(services().database);
}

/** @throws Error that names what is missing: a setting, the secret, the database */
export async function start(pool: WorkerPool): Promise<void> {
  const settings = readSettings(SETTINGS, process.env);
  const { mongodbUri: uri, mongodbDatabase: databaseName, jwtTtlSeconds, logLevel } = settings;
  if (uri === undefined) {
    throw new Error('MONGODB_URI is not set in the worker, and the main thread should have set it');
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
      logger.warn({ ...detailsOf(error), others }, 'a VM could not be started yet and will be tried again'),
    ),
  });
  state = { services: opened, pool };
}

export async function stop(): Promise<void> {
  const opened = state;
  state = 'draining';
  if (typeof opened !== 'string') await opened.services[Symbol.asyncDispose]();
}

/** The message of a DatabaseError says everything. For any other error the stack is needed. */
function detailsOf(error: unknown): { readonly reason: string } | { readonly error: unknown } {
  return error instanceof DatabaseError ? { reason: error.message } : { error };
}

function services(): Services {
  if (typeof state === 'string') throw new Error(`The application has no services: it is ${state}`);
  return state.services;
}
