import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { settingsTable } from '../../build/settings-table.ts';
import { DECLARATIONS, loadSettings } from '../../src/command/settings.ts';
import { SettingsError } from '../../src/platform/settings/settings.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SECRET = 'a'.repeat(32);

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('without any setting', () => {
  test('the server listens on this machine only, with the defaults of the contract', () => {
    expect(loadSettings({})).toEqual({
      production: false,
      host: '127.0.0.1',
      port: 5001,
      workers: 8,
      core: 'wasm',
      app: undefined,
      mongodbUri: undefined,
      mongodbDatabase: 'cloudvm',
      dataDirectory: resolve('data'),
      jwtSecrets: [],
      jwtTtlSeconds: 604_800,
      maxRegistrationsPerHour: 100,
      corsOrigins: [],
      corsHeaders: [],
      corsMaxAgeSeconds: 600,
      rateLimitPerMinute: undefined,
      metricsToken: undefined,
      providers: {},
      providerTimeoutMs: 900_000,
      simulatedDelayMs: 250,
      simulatedFailureRate: 0,
      qemuPowerdownTimeoutMs: 30_000,
      logLevel: 'info',
      trustedProxies: [],
      maxConnections: 10_000,
      maxHeaderBytes: 16_384,
      maxTargetBytes: 8192,
      maxBodyBytes: 1_048_576,
      inboundMemoryMb: 256,
      maxVmsPerUser: 1_000,
      maxIdempotencyKeysPerUser: 100_000,
      outboundMemoryMb: 512,
      outboundWindowBytes: 262_144,
      maxInFlight: 64,
      maxQueueWaitMs: 5000,
      headersTimeoutMs: 10_000,
      requestTimeoutMs: 30_000,
      keepAliveTimeoutMs: 65_000,
      handlerTimeoutMs: 30_000,
      writeTimeoutMs: 30_000,
      drainTimeoutMs: 5000,
      shutdownTimeoutMs: 10_000,
      shutdownDelayMs: 0,
      workerHeapMb: 128,
      workerNice: 5,
      timingSample: 128,
      serverTiming: false,
    });
  });

  test('an empty variable counts as one that is not set', () => {
    const empty = Object.fromEntries(DECLARATIONS.map(({ name }) => [name, '']));
    expect(loadSettings(empty)).toEqual(loadSettings({}));
  });

  test('the settings cannot be changed once they are read', () => {
    expect(Object.isFrozen(loadSettings({}))).toBe(true);
  });
});

describe('the settings from the environment', () => {
  test('are all read', () => {
    const settings = loadSettings({
      HOST: '::1',
      PORT: '0',
      WORKERS: '64',
      CORE: 'verify',
      APP: 'test/fixtures/echo-app.ts',
      MONGODB_URI: 'mongodb+srv://user:password@cluster.example/',
      DATA_DIR: '/var/lib/cloudvm',
      LOG_LEVEL: 'silent',
    });
    expect(settings).toMatchObject({
      host: '::1',
      port: 0,
      workers: 64,
      core: 'verify',
      app: pathToFileURL(resolve('test/fixtures/echo-app.ts')).href,
      mongodbUri: 'mongodb+srv://user:password@cluster.example/',
      dataDirectory: resolve('/var/lib/cloudvm'),
      logLevel: 'silent',
    });
  });

  test.each([
    'mongodb://user:p%40ss@a.example:27018,b.example/db?replicaSet=rs&w=majority',
    'mongodb+srv://a.b.example/',
  ])('may have %s as MONGODB_URI', (uri) => {
    expect(loadSettings({ MONGODB_URI: uri }).mongodbUri).toBe(uri);
  });

  test('may be lists that are separated by commas, with or without spaces', () => {
    const settings = loadSettings({
      JWT_SECRET: `${SECRET},${'b'.repeat(32)}`,
      CORS_ORIGINS: 'https://a.example, http://localhost:3000',
      CORS_HEADERS: 'X-Tenant, baggage',
    });
    expect(settings.corsHeaders).toEqual(['X-Tenant', 'baggage']);
    expect(settings.jwtSecrets).toEqual([SECRET, 'b'.repeat(32)]);
    expect(settings.corsOrigins).toEqual(['https://a.example', 'http://localhost:3000']);
  });

  test('may name the modules of providers', () => {
    const settings = loadSettings({
      PROVIDERS: 'local=./local.js, aws=a=b.js',
      SIMULATED_FAILURE_RATE: '0.25',
    });
    expect(settings.providers).toEqual({ local: './local.js', aws: 'a=b.js' });
    expect(settings.simulatedFailureRate).toBe(0.25);
  });

  test('may name the application by a file URL', () => {
    const app = pathToFileURL(resolve('my application.ts')).href;
    expect(loadSettings({ APP: app }).app).toBe(app);
  });
});

describe('the start is refused for', () => {
  test.each([
    ['HOST', 'http://localhost'],
    ['HOST', 'two words'],
    ['QEMU_BASE_IMAGE', 'no-such-image.qcow2'],
    ['QEMU_BASE_IMAGE', '/'],
    ['QEMU_POWERDOWN_TIMEOUT_MS', '180001'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['WORKERS', '0'],
    ['WORKERS', '65'],
    ['WORKERS', 'many'],
    ['CORE', 'native'],
    ['MONGODB_DB', 'a/b'],
    ['MONGODB_DB', '1abc'],
    ['MONGODB_DB', 'ünï'],
    ['JWT_TTL_SECONDS', '0'],
    ['PROVIDERS', 'local'],
    ['PROVIDERS', 'local=a.js,ibm=b.js'],
    ['SIMULATED_FAILURE_RATE', '1.5'],
    ['SIMULATED_DELAY_MS', '-1'],
    ['CORS_ORIGINS', 'https://a.example/path'],
    ['CORS_ORIGINS', 'a.example'],
    ['CORS_ORIGINS', 'https://a.example,'],
    ['CORS_HEADERS', '*'],
    ['CORS_HEADERS', 'X-Tenant,'],
    ['CORS_HEADERS', 'X Tenant'],
    ['CORS_HEADERS', 'X-Tenant: a'],
    ['RATE_LIMIT_PER_MINUTE', '0'],
    ['RATE_LIMIT_PER_MINUTE', '1000001'],
    ['RATE_LIMIT_PER_MINUTE', 'none'],
    ['CORS_MAX_AGE_SECONDS', '-1'],
    ['CORS_MAX_AGE_SECONDS', '86401'],
    ['LOG_LEVEL', 'loud'],
    ['MAX_BODY_BYTES', '1e3'],
    ['MAX_BODY_BYTES', '0'],
    ['MAX_TARGET_BYTES', '65537'],
    ['WORKER_HEAP_MB', '31'],
    ['HANDLER_TIMEOUT_MS', '99'],
    ['KEEP_ALIVE_TIMEOUT_MS', '999999999999999999999'],
  ])('%s=%s, and the message names the variable and the value', (name, value) => {
    const [problem, ...more] = problemsOf({ [name]: value });
    expect(more).toEqual([]);
    expect(problem).toMatch(new RegExp(`^${name} must `));
    expect(problem).toContain(`"${value.split(',').at(-1)}"`);
  });

  test.each([
    ['MONGODB_URI', 'postgres://user:hidden@host/'],
    ['JWT_SECRET', 'hidden'],
  ])('%s, and the message does not repeat a possible secret', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} must `));
    expect(problems[0]).not.toContain('hidden');
  });

  test.each([
    ['mongodb://hidden.example:99999', /cannot be read/],
    ['mongodb://hidden:hidden@', /name a host|host list/],
    ['mongodb://user:hidden', /cannot be read/],
    ['mongodb://hidden:p@hidden@host', /Invalid connection string|cannot be read/],
    ['mongodb+srv://hidden.example.com:123', /port/],
    ['mongodb://hidden/?foo=bar', /option foo is not supported/],
    ['mongodb://host/?maxPoolSize=hidden', /cannot be read/],
    ['mongodb://user:%68idde%6e', /cannot be read/],
  ])('MONGODB_URI=%s, and the message repeats no part of it', (uri, words) => {
    const problems = problemsOf({ MONGODB_URI: uri });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^MONGODB_URI must /);
    expect(problems[0]).toMatch(words);
    expect(problems[0]).not.toContain('hidden');
  });

  test('several mistakes, which the message lists all at once', () => {
    expect(() => loadSettings({ PORT: 'x', CORE: 'x', WORKERS: 'x' })).toThrow(
      [
        'The settings cannot be used:',
        '  PORT must be a whole number from 0 to 65535, not "x"',
        '  WORKERS must be a whole number from 1 to 64, not "x"',
        '  CORE must be wasm, js or verify, not "x"',
      ].join('\n'),
    );
  });

  test('production without JWT_SECRET', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([
      'JWT_SECRET must be set (32 bytes at least) when NODE_ENV is production',
    ]);
    expect(loadSettings({ NODE_ENV: 'production', JWT_SECRET: SECRET }).production).toBe(true);
  });

  test('CORS_ORIGINS with both * and single origins', () => {
    expect(problemsOf({ CORS_ORIGINS: '*,https://a.example' })).toEqual([
      'CORS_ORIGINS must be "*" alone, or list origins',
    ]);
    expect(loadSettings({ CORS_ORIGINS: '*' }).corsOrigins).toEqual(['*']);
  });

  test('a HEADERS_TIMEOUT_MS above REQUEST_TIMEOUT_MS', () => {
    expect(problemsOf({ REQUEST_TIMEOUT_MS: '1000' })).toEqual([
      'HEADERS_TIMEOUT_MS must not be longer than REQUEST_TIMEOUT_MS, which covers the head too',
    ]);
  });

  test('requests that may be larger than the inbound memory', () => {
    const problems = problemsOf({ MAX_BODY_BYTES: String(200 * 1024 * 1024) });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^INBOUND_MEMORY_MB must hold four of the largest requests/);
  });
});

test('the README has the table of all settings as they are declared', () => {
  // If it does not: node build/run.mjs build/settings-table.ts
  expect(readFileSync(resolve(ROOT, 'README.md'), 'utf8')).toContain(settingsTable());
});

test('no two settings share a name', () => {
  const names = DECLARATIONS.map(({ name }) => name);
  expect(names).toHaveLength(new Set(names).size);
});

describe('a secret from a file', () => {
  const fileWith = (directory: string, content: string) => {
    const path = join(directory, 'secret');
    writeFileSync(path, content);
    return path;
  };

  test.each(['', '\n', '\r\n'])('is read without the newline %j at its end', (end) => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'settings-'));
    const path = fileWith(directory.path, `${SECRET}, ${'b'.repeat(32)}${end}`);
    expect(loadSettings({ JWT_SECRET_FILE: path }).jwtSecrets).toEqual([SECRET, 'b'.repeat(32)]);
    const uri = fileWith(directory.path, `mongodb://user:password@db.example/${end}`);
    expect(loadSettings({ MONGODB_URI_FILE: uri }).mongodbUri).toBe('mongodb://user:password@db.example/');
  });

  test('and from its variable at once is refused', () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'settings-'));
    const path = fileWith(directory.path, SECRET);
    expect(problemsOf({ JWT_SECRET: SECRET, JWT_SECRET_FILE: path })).toEqual([
      'JWT_SECRET and JWT_SECRET_FILE must not both be set',
    ]);
  });

  test('that is wrong is refused with the name of the file and without what is in it', () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'settings-'));
    const path = fileWith(directory.path, 'hunter2');
    const problems = [
      ...problemsOf({ JWT_SECRET_FILE: path, MONGODB_URI_FILE: path }),
      ...problemsOf({ JWT_SECRET_FILE: join(directory.path, 'missing'), NODE_ENV: 'production' }),
      ...problemsOf({ MONGODB_URI_FILE: directory.path }),
      ...problemsOf({ MONGODB_URI_FILE: fileWith(directory.path, '\n') }),
      ...problemsOf({ MONGODB_URI_FILE: fileWith(directory.path, 'x'.repeat(70_000)) }),
    ];
    expect(problems).toEqual([
      `MONGODB_URI_FILE: ${path} must begin with mongodb:// or mongodb+srv:// and name a host`,
      `JWT_SECRET_FILE: ${path} must have 32 bytes at least, in each of its comma-separated secrets`,
      `JWT_SECRET_FILE names a file that cannot be read: ${join(directory.path, 'missing')} (ENOENT)`,
      `MONGODB_URI_FILE names a file that cannot be read: ${directory.path} (EISDIR)`,
      `MONGODB_URI_FILE names a file that is empty: ${path}`,
      `MONGODB_URI_FILE names a file that is too large for a secret: ${path}`,
    ]);
  });
});

describe('TRUSTED_PROXIES', () => {
  test('lists addresses, ranges and names of ranges', () => {
    const { trustedProxies } = loadSettings({
      TRUSTED_PROXIES: '192.0.2.1, 10.0.0.0/8,2001:db8::/32, loopback',
    });
    expect(trustedProxies).toEqual(['192.0.2.1/32', '10.0.0.0/8', '2001:db8::/32', '127.0.0.0/8', '::1/128']);
  });

  test.each([
    '10.0.0.0/33',
    '0.0.0.0/0',
    '::/0',
    'nginx',
    '10.0.0',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '::1/129',
    '::1%lo',
    '10.0.0.1,',
  ])('is refused if it is %s', (text) => {
    expect(problemsOf({ TRUSTED_PROXIES: text })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES must list/),
    ]);
  });
});
