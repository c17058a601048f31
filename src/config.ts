/**
 * The configuration: every environment variable, its default and what it may be. The main thread loads it once
 * at the start, and hands on what others need; no other file reads the environment or knows a default.
 */
import { extname } from 'node:path';
import {
  boundedInteger,
  type ConfigurationProblem,
  commaSeparated,
  databaseName,
  directory,
  fileUrl,
  host,
  isProblem,
  mongodbUri,
  oneOf,
  origin,
  proxyNetwork,
  signingSecret,
  type Variable,
  visibleToken,
} from './config/variables.ts';
import type { CoreKind } from './runtime/core/core.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Names ending in `Ms`, `Mb`, `Bytes` and `Seconds` say the unit; one MB is 1,048,576 bytes. */
export interface Config {
  /** NODE_ENV is `production`: what is only for development is refused. */
  readonly production: boolean;
  /** Address to bind. */
  readonly host: string;
  /** Port to bind; 0 lets the system choose. */
  readonly port: number;
  /** Worker threads in the pool. */
  readonly workers: number;
  readonly core: CoreKind;
  /** File URL of the application module. */
  readonly app: string;
  /** undefined: the embedded database. */
  readonly mongodbUri: string | undefined;
  readonly mongodbDatabase: string;
  /** Absolute path of what is kept on this machine: embedded database, signing secret. */
  readonly dataDirectory: string;
  /** The first signs, all verify; empty: one is made and kept in the data directory. */
  readonly jwtSecrets: readonly string[];
  readonly jwtTtlSeconds: number;
  /** Origins that browsers may call from; `*` stands alone and means every one, without credentials. */
  readonly corsOrigins: readonly string[];
  readonly logLevel: LogLevel;
  /** What `Authorization: Bearer` must carry to read /metrics; undefined: everyone may. */
  readonly metricsToken: string | undefined;
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly maxConnections: number;
  /** Of the header section. */
  readonly maxHeaderBytes: number;
  /** Of the request target. */
  readonly maxTargetBytes: number;
  /** Of the decoded content of a request. */
  readonly maxBodyBytes: number;
  /** For the buffers of all requests that are being received or served. */
  readonly inboundMemoryMb: number;
  /** For responses that clients take too slowly to be on their way, of all workers together. */
  readonly outboundMemoryMb: number;
  /** Of each connection: what a worker may have sent that the client has not taken yet. */
  readonly outboundWindowBytes: number;
  /** Asynchronous handlers at once in each worker. */
  readonly maxInFlight: number;
  /** Expected wait for a worker above which requests are refused. */
  readonly maxQueueWaitMs: number;
  /** From the first byte of a request, or from connecting, to the end of its head. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  /** Of a connection without a request. */
  readonly keepAliveTimeoutMs: number;
  /** Until a handler has started its response, and until a worker is back at its event loop. */
  readonly handlerTimeoutMs: number;
  /** Of a client that takes nothing of what is sent to it. */
  readonly writeTimeoutMs: number;
  /** Until a worker that is to be replaced ends its streams. */
  readonly drainTimeoutMs: number;
  /** Until pending requests are given up when the server stops. */
  readonly shutdownTimeoutMs: number;
  /** Hard limit of the old generation of each worker's heap, which is nearly all of it. */
  readonly workerHeapMb: number;
  /** Added to the scheduling priority's number of the workers, so that the main thread goes first. */
  readonly workerNice: number;
  /** Of the whole process, above which it ends itself for its supervisor to restart it; undefined: no limit. */
  readonly maxRssMb: number | undefined;
}

const MB = 1024 * 1024;
/** A day: timers end at 24.8 days, and nothing here is meant to. */
const LONGEST_MS = 24 * 60 * 60 * 1000;
/** A core's region holds the longest target beside the routes, which get three quarters of it (server/server.ts). */
const LONGEST_TARGET_BYTES = 65_536;
/** The application alone, loaded from its TypeScript sources, does not fit into 20. */
const LEAST_HEAP_MB = 32;
/** A worker that collects garbage or is not given the processor must not look stuck. */
const LEAST_HANDLER_TIMEOUT_MS = 100;
const milliseconds = boundedInteger(1, LONGEST_MS);

/** Every setting, in the order in which they are documented and complained about. */
const VARIABLES: { readonly [Field in keyof Config]: Variable<Config[Field]> } = {
  production: { name: 'NODE_ENV', fallback: false, parse: (text) => text === 'production' },
  host: { name: 'HOST', fallback: '127.0.0.1', parse: host },
  port: { name: 'PORT', fallback: 5001, parse: boundedInteger(0, 65_535) },
  workers: { name: 'WORKERS', fallback: 8, parse: boundedInteger(1, 64) },
  core: { name: 'CORE', fallback: 'wasm', parse: oneOf('wasm', 'js', 'verify') },
  app: { name: 'APP', fallback: defaultApplication(), parse: fileUrl },
  mongodbUri: { name: 'MONGODB_URI', fallback: undefined, parse: mongodbUri },
  mongodbDatabase: { name: 'MONGODB_DB', fallback: 'cloudvm', parse: databaseName },
  dataDirectory: { name: 'DATA_DIR', fallback: directory('./data'), parse: directory },
  jwtSecrets: { name: 'JWT_SECRET', fallback: [], parse: commaSeparated(signingSecret) },
  jwtTtlSeconds: { name: 'JWT_TTL_SECONDS', fallback: 604_800, parse: boundedInteger(1, 315_360_000) },
  corsOrigins: { name: 'CORS_ORIGINS', fallback: [], parse: commaSeparated(origin) },
  logLevel: {
    name: 'LOG_LEVEL',
    fallback: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  },
  metricsToken: { name: 'METRICS_TOKEN', fallback: undefined, parse: visibleToken },
  trustedProxies: { name: 'TRUSTED_PROXIES', fallback: [], parse: commaSeparated(proxyNetwork) },
  maxConnections: { name: 'MAX_CONNECTIONS', fallback: 10_000, parse: boundedInteger(1, 1_000_000) },
  maxHeaderBytes: { name: 'MAX_HEADER_BYTES', fallback: 16_384, parse: boundedInteger(256, MB) },
  maxTargetBytes: {
    name: 'MAX_TARGET_BYTES',
    fallback: 8192,
    parse: boundedInteger(64, LONGEST_TARGET_BYTES),
  },
  maxBodyBytes: { name: 'MAX_BODY_BYTES', fallback: MB, parse: boundedInteger(1, 512 * MB) },
  inboundMemoryMb: { name: 'INBOUND_MEMORY_MB', fallback: 256, parse: boundedInteger(1, 1024) },
  outboundMemoryMb: { name: 'OUTBOUND_MEMORY_MB', fallback: 512, parse: boundedInteger(1, 1024 * 1024) },
  outboundWindowBytes: {
    name: 'OUTBOUND_WINDOW_BYTES',
    fallback: 262_144,
    parse: boundedInteger(4096, 64 * MB),
  },
  maxInFlight: { name: 'MAX_IN_FLIGHT', fallback: 64, parse: boundedInteger(1, 10_000) },
  maxQueueWaitMs: { name: 'MAX_QUEUE_WAIT_MS', fallback: 5000, parse: milliseconds },
  headersTimeoutMs: { name: 'HEADERS_TIMEOUT_MS', fallback: 10_000, parse: milliseconds },
  requestTimeoutMs: { name: 'REQUEST_TIMEOUT_MS', fallback: 30_000, parse: milliseconds },
  keepAliveTimeoutMs: { name: 'KEEP_ALIVE_TIMEOUT_MS', fallback: 65_000, parse: milliseconds },
  handlerTimeoutMs: {
    name: 'HANDLER_TIMEOUT_MS',
    fallback: 30_000,
    parse: boundedInteger(LEAST_HANDLER_TIMEOUT_MS, LONGEST_MS),
  },
  writeTimeoutMs: { name: 'WRITE_TIMEOUT_MS', fallback: 30_000, parse: milliseconds },
  drainTimeoutMs: { name: 'DRAIN_TIMEOUT_MS', fallback: 5000, parse: milliseconds },
  shutdownTimeoutMs: { name: 'SHUTDOWN_TIMEOUT_MS', fallback: 10_000, parse: milliseconds },
  workerHeapMb: { name: 'WORKER_HEAP_MB', fallback: 128, parse: boundedInteger(LEAST_HEAP_MB, 65_536) },
  workerNice: { name: 'WORKER_NICE', fallback: 5, parse: boundedInteger(0, 19) },
  maxRssMb: { name: 'MAX_RSS_MB', fallback: undefined, parse: boundedInteger(64, 16_777_216) },
};

/** The names of all environment variables that are read. */
export const CONFIGURATION_VARIABLES: readonly string[] = Object.values(VARIABLES).map(({ name }) => name);

/** The start is refused; the message lists everything that is wrong, for the operator. */
export class ConfigurationError extends Error {
  readonly code = 'ERR_CONFIGURATION';
  override readonly name = 'ConfigurationError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads and checks every setting. An empty variable counts as one that is not set.
 * @throws ConfigurationError
 */
export function loadConfiguration(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const values: Partial<Record<keyof Config, unknown>> = {};
  for (const [field, variable] of Object.entries(VARIABLES)) {
    const value = readVariable<unknown>(variable, environment[variable.name]);
    if (isProblem(value)) problems.push(`${variable.name} ${value.problem}`);
    else values[field as keyof Config] = value;
  }
  // VARIABLES has a reader of the right type for every field of Config; those that failed end the start below.
  const config = values as unknown as Config;
  problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return Object.freeze(config);
}

function readVariable<T>(variable: Variable<T>, text: string | undefined): T | ConfigurationProblem {
  return text === undefined || text === '' ? variable.fallback : variable.parse(text);
}

/** What is wrong between settings that are right by themselves; comparisons with one that is wrong are false. */
function contradictions(config: Config): string[] {
  const problems: string[] = [];
  if (config.production && config.jwtSecrets?.length === 0) {
    problems.push('JWT_SECRET must be set (32 bytes at least) when NODE_ENV is production');
  }
  if (config.corsOrigins?.includes('*') && config.corsOrigins.length > 1) {
    problems.push('CORS_ORIGINS must be "*" alone, or list origins');
  }
  if (config.headersTimeoutMs > config.requestTimeoutMs) {
    problems.push('HEADERS_TIMEOUT_MS must not be longer than REQUEST_TIMEOUT_MS, which covers the head too');
  }
  const requestBytes = config.maxTargetBytes + config.maxHeaderBytes + config.maxBodyBytes;
  if (requestBytes * 2 > config.inboundMemoryMb * MB) {
    problems.push(
      'INBOUND_MEMORY_MB must hold two of the largest requests (MAX_TARGET_BYTES, MAX_HEADER_BYTES and MAX_BODY_BYTES)',
    );
  }
  return problems;
}

/** Beside this file, and compiled where this file is. */
function defaultApplication(): string {
  return new URL(`./cloudvm/application${extname(import.meta.filename)}`, import.meta.url).href;
}
