/**
 * The CloudVM application, as the runtime loads it in every worker. `routes` comes first, then `start`. One
 * worker is told to `prepare` before any of them serves, and each to `stop` after its last request. Settings
 * come from the environment, where the main thread has put the address of the database.
 */

import { createLogger } from '../platform/log.ts';
import { LOG_SETTINGS } from '../platform/log-settings.ts';
import { joinGroups, readSettings } from '../platform/settings/settings.ts';
import type { RequestIdentity, Router, WorkerPool } from '../runtime/application.ts';
import { requestsByClient } from './accounts/rate-limit/requests-by-client.ts';
import { prepareSecret } from './accounts/tokens/secret.ts';
import { Tokens } from './accounts/tokens/tokens.ts';
import type { Api } from './api.ts';
import { DatabaseError } from './database/database-errors.ts';
import { type DatabaseMeters, declareDatabaseMeters } from './database/database-meters.ts';
import { isDiskFull } from './health/disk-space.ts';
import { ApplicationReadiness } from './health/readiness.ts';
import { occasionally } from './occasionally.ts';
import { OnDemand } from './on-demand.ts';
import type { ReportTrouble } from './report-trouble.ts';
import { registerRoutes } from './routes.ts';
import { CLOUDVM_WORKER_SETTINGS, EMBEDDED_DIRECTORY } from './settings.ts';
import { declareThrottling } from './throttling.ts';

const SETTINGS = joinGroups(CLOUDVM_WORKER_SETTINGS, LOG_SETTINGS);

/** Milliseconds between two log lines about the same problem. */
const REPORT_INTERVAL_MS = 10_000;

/** How often a worker looks whether it has become the one that works in the background. */
const LEADER_INTERVAL_MS = 15_000;

interface Started {
  readonly api: OnDemand<Api>;
  readonly tokens: Tokens;
  readonly pool: WorkerPool;
  readonly leaderTimer: NodeJS.Timeout;
  readonly pingDatabase: () => Promise<void>;
  readonly isDatabaseFull: () => Promise<boolean>;
}

interface Trouble {
  readonly error: unknown;
  readonly identity: RequestIdentity | undefined;
}

let databaseMeters: DatabaseMeters | undefined;
let state: Started | 'starting' | 'draining' = 'starting';

export function routes(router: Router): void {
  const settings = readSettings(SETTINGS, process.env);
  const { metricsToken, corsOrigins, corsHeaders, corsMaxAgeSeconds, logLevel } = settings;
  const logger = createLogger({ level: logLevel, name: 'cloudvm' });
  const reportTrouble = occasionally(REPORT_INTERVAL_MS, ({ error, identity }: Trouble, others) =>
    logger.error({ ...identity, ...detailsOf(error), others }, 'requests fail because of the database'),
  );
  const onDatabaseTrouble: ReportTrouble = (error, identity) => reportTrouble({ error, identity });
  const readiness = new ApplicationReadiness({ state: () => state, onDatabaseTrouble });
  const api = { open: () => started().api.open() };
  const tokens = () => started().tokens;
  const onThrottled = declareThrottling(router);
  const { rateLimitPerMinute: perMinute } = settings;
  const rateLimit =
    perMinute === undefined ? undefined : requestsByClient({ perMinute, tokens, logger, onThrottled });
  databaseMeters = declareDatabaseMeters(router);
  const cors = { corsOrigins, corsHeaders, corsMaxAgeSeconds };
  registerRoutes(router, {
    ...cors,
    rateLimit,
    metricsToken,
    tokens,
    api,
    readiness,
    onDatabaseTrouble,
    onThrottled,
  });
}

/** Creates the collections and their indexes. @throws Error if the database cannot be reached */
export async function prepare(): Promise<void> {
  const api = await started().api.open();
  await api.prepare();
}

/** @throws Error that names what is missing: a setting, or the secret */
export async function start(pool: WorkerPool): Promise<void> {
  const settings = readSettings(SETTINGS, process.env);
  const { mongodbUri: uri, mongodbDatabase: databaseName, jwtTtlSeconds: ttlSeconds, logLevel } = settings;
  if (uri === undefined) {
    throw new Error('MONGODB_URI is not set in the worker, and the main thread should have set it');
  }
  const { secrets } = await prepareSecret(settings);
  const tokens = new Tokens({ secrets, ttlSeconds });
  const logger = createLogger({ level: logLevel, name: 'cloudvm' });
  const report = occasionally(REPORT_INTERVAL_MS, ({ error, identity }: Trouble, others) =>
    logger.warn(
      { ...identity, ...detailsOf(error), others },
      'work in the background has failed and will be tried again',
    ),
  );
  const onError: ReportTrouble = (error, identity) => report({ error, identity });
  const api = new OnDemand(async () => {
    const { Api, openProviders } = await import('./api.ts');
    return Api.open({
      uri,
      databaseName,
      workers: pool.size,
      ...(databaseMeters !== undefined && { meters: databaseMeters }),
      maxVmsPerUser: settings.maxVmsPerUser,
      maxIdempotencyKeysPerUser: settings.maxIdempotencyKeysPerUser,
      tokens,
      secrets,
      maxRegistrationsPerHour: settings.maxRegistrationsPerHour,
      logger,
      openProviders: () =>
        openProviders(settings.providers, {
          delayMs: settings.simulatedDelayMs,
          failureRate: settings.simulatedFailureRate,
        }),
      callTimeoutMs: settings.providerTimeoutMs,
      onError,
    });
  });
  const leaderTimer = setInterval(() => {
    // It is opened for the operations that others left behind. The next request that needs it reports what is
    // wrong.
    if (pool.leads) api.open().catch(() => {});
  }, LEADER_INTERVAL_MS).unref();
  const pingDatabase = async () => (await api.open()).ping();
  const directory = process.env[EMBEDDED_DIRECTORY];
  const isDatabaseFull = async () => directory !== undefined && (await isDiskFull(directory));
  state = { api, tokens, pool, leaderTimer, pingDatabase, isDatabaseFull };
}

export async function stop(): Promise<void> {
  const last = state;
  state = 'draining';
  if (typeof last === 'string') return;
  clearInterval(last.leaderTimer);
  await last.api[Symbol.asyncDispose]();
}

/** The message of a DatabaseError says everything. For any other error the stack is needed. */
function detailsOf(error: unknown): { readonly reason: string } | { readonly error: unknown } {
  return error instanceof DatabaseError ? { reason: error.message } : { error };
}

function started(): Started {
  if (typeof state === 'string') throw new Error(`The application serves no requests: it is ${state}`);
  return state;
}
