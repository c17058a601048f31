/** The settings of the CloudVM application. The main thread and every worker read them. */
import { DATA_DIRECTORY } from '../platform/settings/data-directory.ts';
import {
  boundedInteger,
  commaSeparated,
  isProblem,
  LONGEST_MS,
  type ParseProblem,
  wrong,
} from '../platform/settings/parsers.ts';
import { joinGroups, type SettingsGroup } from '../platform/settings/settings.ts';
import { MINIMUM_SECRET_BYTES } from './accounts/tokens/secret.ts';
import { connectionStringProblem } from './database/connection-string.ts';
import { DATABASE_NAME_RULE, isDatabaseName } from './database/database-name.ts';
import type { ProviderModules } from './providers/provider-registry.ts';
import { QEMU_SETTINGS, type QemuSettings } from './providers/qemu/qemu-settings.ts';
import { VM_PROVIDERS, type VmProvider } from './vms/vm.ts';

interface OwnSettings {
  /** Settings that are only for development are refused. */
  readonly production: boolean;
  /** undefined: the embedded database. */
  readonly mongodbUri: string | undefined;
  readonly mongodbDatabase: string;
  /** Absolute path. */
  readonly dataDirectory: string;
  /** The first signs, all verify. Empty: one is made and kept in the data directory. */
  readonly jwtSecrets: readonly string[];
  readonly jwtTtlSeconds: number;
  /** From one network. */
  readonly maxRegistrationsPerHour: number;
  /** `*` stands alone and means every origin, without credentials. */
  readonly corsOrigins: readonly string[];
  /** Names of request headers, besides those of the API. */
  readonly corsHeaders: readonly string[];
  readonly corsMaxAgeSeconds: number;
  /** undefined: as many as they like. */
  readonly rateLimitPerMinute: number | undefined;
  /** undefined: everybody may read the metrics. */
  readonly metricsToken: string | undefined;
  readonly maxVmsPerUser: number;
  readonly maxIdempotencyKeysPerUser: number;
  /** What carries out operations. Empty: all providers are simulated. */
  readonly providers: ProviderModules;
  readonly providerTimeoutMs: number;
  readonly simulatedDelayMs: number;
  /** From 0 to 1. */
  readonly simulatedFailureRate: number;
}

export interface CloudVmSettings extends OwnSettings, QemuSettings {}

const OWN_SETTINGS: SettingsGroup<OwnSettings> = {
  declarations: {
    production: {
      name: 'NODE_ENV',
      fallback: false,
      fallbackText: '',
      parse: (text) => text === 'production',
      about: 'With `production` the server refuses to start without `JWT_SECRET`.',
    },
    mongodbUri: {
      name: 'MONGODB_URI',
      fallback: undefined,
      fallbackText: 'the embedded database',
      parse: mongodbUri,
      isSecret: true,
      about: 'A MongoDB server, replica set or sharded cluster.',
    },
    mongodbDatabase: {
      name: 'MONGODB_DB',
      fallback: 'cloudvm',
      parse: databaseName,
      about: 'Name of the database: letters, digits, `_` and `-`.',
    },
    dataDirectory: DATA_DIRECTORY,
    jwtSecrets: {
      name: 'JWT_SECRET',
      fallback: [],
      fallbackText: 'one is made and kept in `DATA_DIR`',
      parse: commaSeparated(signingSecret),
      isSecret: true,
      about:
        'Signs tokens, at least 32 bytes. Several secrets are separated by commas: the first signs, all verify.',
    },
    jwtTtlSeconds: {
      name: 'JWT_TTL_SECONDS',
      fallback: 604_800,
      parse: boundedInteger(1, 315_360_000),
      about: 'How long a token is valid.',
    },
    maxRegistrationsPerHour: {
      name: 'MAX_REGISTRATIONS_PER_HOUR',
      fallback: 100,
      parse: boundedInteger(1, 1_000_000),
      about:
        'Registrations from one network (an IPv4 address or an IPv6 /64), successful or not. Beyond it 429.',
    },
    corsOrigins: {
      name: 'CORS_ORIGINS',
      fallback: [],
      fallbackText: 'none',
      parse: commaSeparated(origin),
      about:
        'Origins that browsers may call from, separated by commas. `*` alone means all, without credentials.',
    },
    corsHeaders: {
      name: 'CORS_HEADERS',
      fallback: [],
      fallbackText: 'none',
      parse: commaSeparated(headerName),
      about:
        'Request headers that browsers may send from these origins, besides those that the API understands.',
    },
    corsMaxAgeSeconds: {
      name: 'CORS_MAX_AGE_SECONDS',
      fallback: 600,
      parse: boundedInteger(0, 86_400),
      about: 'How long a browser may keep what it has asked about other origins. Some keep it for two hours.',
    },
    rateLimitPerMinute: {
      name: 'RATE_LIMIT_PER_MINUTE',
      fallback: undefined,
      fallbackText: 'none',
      parse: boundedInteger(1, 1_000_000),
      about:
        'Requests of one user, or of one network without a valid token. Beyond it 429. Each process counts its own.',
    },
    metricsToken: {
      name: 'METRICS_TOKEN',
      fallback: undefined,
      fallbackText: 'none',
      parse: bearerToken,
      isSecret: true,
      about: 'Who reads `/metrics` must send it as a bearer token. Without it, everybody may read them.',
    },
    maxVmsPerUser: {
      name: 'MAX_VMS_PER_USER',
      fallback: 1_000,
      parse: boundedInteger(1, 1_000_000_000),
      about: 'How many VMs a user may have.',
    },
    maxIdempotencyKeysPerUser: {
      name: 'MAX_IDEMPOTENCY_KEYS_PER_USER',
      fallback: 100_000,
      parse: boundedInteger(1, 1_000_000_000),
      about: 'How many requests with an `Idempotency-Key` of a user are remembered, each for 24 hours.',
    },
    providers: {
      name: 'PROVIDERS',
      fallback: {},
      fallbackText: 'all are simulated',
      parse: providerModules,
      about:
        'What carries out operations, for each provider of VMs: `local=qemu,aws=./my-provider.js`, ' +
        'with modules whose default export makes a provider. The others are simulated.',
    },
    providerTimeoutMs: {
      name: 'PROVIDER_TIMEOUT_MS',
      fallback: 900_000,
      parse: boundedInteger(1_000, LONGEST_MS),
      about: 'How long a provider may take for one call. Then it is broken off, and tried again.',
    },
    simulatedDelayMs: {
      name: 'SIMULATED_DELAY_MS',
      fallback: 250,
      parse: boundedInteger(0, LONGEST_MS),
      about: 'How long the simulated hypervisor takes for each operation.',
    },
    simulatedFailureRate: {
      name: 'SIMULATED_FAILURE_RATE',
      fallback: 0,
      parse: share,
      about: 'The share of calls that the simulated hypervisor lets fail, from 0 to 1.',
    },
  },
  contradictions,
};

export const CLOUDVM_SETTINGS: SettingsGroup<CloudVmSettings> = joinGroups(OWN_SETTINGS, QEMU_SETTINGS);

/** Names in the workers' environment where the embedded database keeps its files, if it is used. */
export const EMBEDDED_DIRECTORY = 'CLOUDVM_EMBEDDED_DIRECTORY';

/**
 * The secrets for the workers' environment. The main thread has read their files once. So all workers have
 * the same, whatever becomes of the files.
 */
export function secretsForWorkers({
  mongodbUri,
  jwtSecrets,
  metricsToken,
}: CloudVmSettings): NodeJS.ProcessEnv {
  return {
    MONGODB_URI: mongodbUri ?? '',
    MONGODB_URI_FILE: '',
    JWT_SECRET: jwtSecrets.join(','),
    JWT_SECRET_FILE: '',
    METRICS_TOKEN: metricsToken ?? '',
    METRICS_TOKEN_FILE: '',
  };
}

/** In a worker. The main thread has checked the connection string, and checking it loads the whole driver. */
export const CLOUDVM_WORKER_SETTINGS: SettingsGroup<CloudVmSettings> = {
  ...CLOUDVM_SETTINGS,
  declarations: {
    ...CLOUDVM_SETTINGS.declarations,
    mongodbUri: { ...CLOUDVM_SETTINGS.declarations.mongodbUri, parse: (text) => text },
  },
};

function contradictions({ production, jwtSecrets, corsOrigins }: OwnSettings): string[] {
  const problems: string[] = [];
  // A list that cannot be read is undefined here. It has been reported already.
  if (production && jwtSecrets?.length === 0) {
    problems.push('JWT_SECRET must be set (32 bytes at least) when NODE_ENV is production');
  }
  if (corsOrigins?.includes('*') && corsOrigins.length > 1) {
    problems.push('CORS_ORIGINS must be "*" alone, or list origins');
  }
  return problems;
}

/** The driver itself reads it here, so that it does not refuse the string later. */
function mongodbUri(text: string): string | ParseProblem {
  if (!/^mongodb(\+srv)?:\/\/[^/?]/.test(text)) {
    return { problem: 'must begin with mongodb:// or mongodb+srv:// and name a host' };
  }
  const problem = connectionStringProblem(text);
  return problem === undefined ? text : { problem: `must be a MongoDB connection string: ${problem}` };
}

function databaseName(text: string): string | ParseProblem {
  return isDatabaseName(text) ? text : wrong(`must be a database name: ${DATABASE_NAME_RULE}`, text);
}

function signingSecret(text: string): string | ParseProblem {
  if (Buffer.byteLength(text) >= MINIMUM_SECRET_BYTES) return text;
  return {
    problem: `must have ${MINIMUM_SECRET_BYTES} bytes at least, in each of its comma-separated secrets`,
  };
}

function bearerToken(text: string): string | ParseProblem {
  return /^[!-~]+$/.test(text) ? text : { problem: 'must be visible ASCII characters, without spaces' };
}

/** An origin as browsers send it (scheme, host and port, and nothing after them), or `*`. */
function origin(text: string): string | ParseProblem {
  if (text === '*') return text;
  if (/^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text) return text;
  return wrong('must list origins such as https://example.com, without a path', text);
}

/** Not `*`, which would be a name like any other where credentials are sent. */
function headerName(text: string): string | ParseProblem {
  if (/^[!#$%&'+.^_`|~0-9A-Za-z-]{1,256}$/.test(text)) return text;
  return wrong('must list names of headers such as X-Tenant, without "*"', text);
}

function providerModules(text: string): ProviderModules | ParseProblem {
  const pairs = commaSeparated(providerModule)(text);
  return isProblem(pairs) ? pairs : Object.fromEntries(pairs);
}

function providerModule(text: string): readonly [VmProvider, string] | ParseProblem {
  const [name = '', ...rest] = text.split('=');
  const module = rest.join('=');
  const provider = VM_PROVIDERS.find((known) => known === name);
  if (provider !== undefined && module !== '') return [provider, module];
  return wrong(`must list pairs such as local=./my-provider.js, of ${VM_PROVIDERS.join(', ')}`, text);
}

function share(text: string): number | ParseProblem {
  const value = /^\d(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  return value <= 1 ? value : wrong('must be a number from 0 to 1', text);
}
