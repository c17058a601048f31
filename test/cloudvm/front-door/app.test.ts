/**
 * The application module as the runtime uses it: routes, start, prepare, stop, and settings from the
 * environment.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ApplicationModule, WorkerPool } from '../../../src/runtime/http/application.ts';
import { type DatabaseServer, startEmbeddedDatabase } from '../../support/databases.ts';
import { FaultProxy } from '../database/support/fault-proxy.ts';
import type { InProcess } from './support/in-process.ts';

const POOL: WorkerPool = {
  size: 1,
  serving: 1,
  isFilling: false,
  leads: true,
  isStopping: false,
  cutOffRoutes: [],
};

let dataDirectory: string;
let application: Required<ApplicationModule>;
let inProcess: () => InProcess;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
  vi.stubEnv('DATA_DIR', dataDirectory);
  vi.stubEnv('MONGODB_URI', undefined);
  vi.stubEnv('MONGODB_DB', `cloudvm_test_${randomBytes(6).toString('hex')}`);
  vi.stubEnv('LOG_LEVEL', 'silent');
  // The module holds the application's state, so each test loads its own copy of everything.
  vi.resetModules();
  const [app, support] = await Promise.all([
    import('../../../src/cloudvm/application.ts'),
    import('./support/in-process.ts'),
  ]);
  application = app;
  inProcess = () => new support.InProcess(app.routes);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dataDirectory, { recursive: true, force: true });
});

const readinessOf = async (http: InProcess) => (await http.ask('GET', '/health/ready')).text;

describe('the application in a worker', () => {
  let database: DatabaseServer;

  beforeEach(async () => {
    database = await startEmbeddedDatabase();
    vi.stubEnv('MONGODB_URI', database.uri);
  });

  afterEach(() => database[Symbol.asyncDispose]());

  test('is starting, then ready, then draining, and always healthy', async () => {
    const http = inProcess();
    expect(await readinessOf(http)).toContain('Not ready: starting.');
    await application.start(POOL);
    await application.prepare();
    expect(await readinessOf(http)).toBe(
      '{"status":"ready","workers":{"serving":1,"size":1},"cutOffRoutes":[]}',
    );
    const body = { email: 'ada@example.com', username: 'ada', password: 'correct horse' };
    expect((await http.ask('POST', '/api/auth/register', { body })).status).toBe(201);
    await application.stop();
    expect(await readinessOf(http)).toContain('Not ready: draining.');
    expect((await http.ask('GET', '/health')).status).toBe(200);
    expect(http.errors).toEqual([]);
  });

  test('can be prepared again, as at every start of the process', async () => {
    await application.start(POOL);
    await application.prepare();
    await application.prepare();
    await application.stop();
  });

  describe('opens the database', () => {
    let proxy: FaultProxy;

    beforeEach(async () => {
      proxy = await FaultProxy.start(database.uri);
      vi.stubEnv('MONGODB_URI', proxy.uri);
    });

    afterEach(() => proxy[Symbol.asyncDispose]());

    const login = { body: { email: 'nobody@example.com', password: 'wrong horse' } };

    test('for the first request that needs it, and once for simultaneous ones', async () => {
      const http = inProcess();
      await application.start({ ...POOL, leads: false });
      const health = await http.ask('GET', '/health');
      const unauthorized = await http.ask('GET', '/api/vms');
      expect([health.status, unauthorized.status, proxy.connections]).toEqual([200, 401, 0]);
      const answers = await Promise.all([1, 2, 3].map(() => http.ask('POST', '/api/auth/login', login)));
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
      expect(proxy.countOf('ping')).toBe(1);
      await application.stop();
    });

    test('to find out whether it is ready', async () => {
      const http = inProcess();
      await application.start({ ...POOL, leads: false });
      expect((await http.ask('GET', '/health/ready')).status).toBe(200);
      await application.stop();
    });

    test('again if it could not be reached', async () => {
      vi.stubEnv('MONGODB_URI', `${proxy.uri}&serverSelectionTimeoutMS=500`);
      proxy.refuseConnections();
      const http = inProcess();
      await application.start({ ...POOL, leads: false });
      const ask = () => http.ask('POST', '/api/auth/login', login);
      expect(await ask()).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
      proxy.acceptConnections();
      expect((await ask()).status).toBe(401);
      await application.stop();
      expect(http.errors).toEqual([]);
    });

    test('in the worker that leads, for the work in the background', async () => {
      vi.useFakeTimers({ toFake: ['setInterval'] });
      const pool = { ...POOL, leads: false };
      await application.start(pool);
      vi.advanceTimersByTime(60_000);
      expect(proxy.connections).toBe(0);
      pool.leads = true;
      vi.advanceTimersByTime(60_000);
      vi.useRealTimers();
      await vi.waitFor(() => expect(proxy.countOf('find'), 'the sweep for pending VMs').toBeGreaterThan(0));
      await application.stop();
    });

    test('and closes it, even if it was stopped meanwhile', async () => {
      await application.start({ ...POOL, leads: false });
      const held = proxy.holdAnswersOf('ping', 1);
      const preparing = Promise.resolve(application.prepare());
      await held;
      const stopped = application.stop();
      proxy.release();
      await stopped;
      await preparing.catch(() => {});
      await vi.waitFor(() => expect(proxy.connections).toBe(0));
    });
  });

  test('allows the origins in CORS_ORIGINS', async () => {
    vi.stubEnv('CORS_ORIGINS', 'https://app.example');
    const answer = await inProcess().ask('GET', '/health', {
      headers: { Origin: 'https://app.example' },
    });
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
  });

  test('lets browsers send and read what the API knows, and what CORS_HEADERS lists', async () => {
    vi.stubEnv('CORS_ORIGINS', 'https://app.example');
    vi.stubEnv('CORS_HEADERS', 'X-Tenant,baggage');
    vi.stubEnv('CORS_MAX_AGE_SECONDS', '30');
    const http = inProcess();
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'PATCH' };
    const preflight = await http.ask('OPTIONS', '/api/vms', { headers });
    expect(preflight.headers['access-control-max-age']).toBe('30');
    const allowed = preflight.headers['access-control-allow-headers']?.split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        ...['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
        ...['Last-Event-ID', 'traceparent', 'tracestate', 'X-Request-Id', 'X-Tenant', 'baggage'],
      ]),
    );
    const refusal = await http.ask('GET', '/api/vms', { headers });
    expect(refusal.status).toBe(401);
    expect(refusal.headers['access-control-allow-origin']).toBe('https://app.example');
    const exposed = refusal.headers['access-control-expose-headers']?.split(', ');
    expect(exposed).toEqual(
      expect.arrayContaining([
        ...['Date', 'ETag', 'Idempotent-Replayed', 'Location', 'Operation-Location', 'RateLimit'],
        ...['RateLimit-Policy', 'Retry-After', 'traceparent', 'WWW-Authenticate', 'X-Request-Id'],
      ]),
    );
  });
});

describe('the application does not start', () => {
  test('without a database, and the error says so', async () => {
    await expect(application.start(POOL)).rejects.toThrow(/MONGODB_URI is not set/);
    await application.stop();
  });

  test('with a database that does not answer', async () => {
    vi.stubEnv('MONGODB_URI', 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50');
    await application.start(POOL);
    await expect(application.prepare()).rejects.toThrow(
      'the database at 127.0.0.1:1 cannot be reached: connection refused (ECONNREFUSED)',
    );
    await application.stop();
  });

  test('with a wrong setting, and the error names it', async () => {
    vi.stubEnv('JWT_TTL_SECONDS', 'soon');
    await expect(application.start(POOL)).rejects.toThrow(/JWT_TTL_SECONDS/);
  });

  test('in production without a secret', async () => {
    vi.stubEnv('MONGODB_URI', 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50');
    vi.stubEnv('NODE_ENV', 'production');
    await expect(application.start(POOL)).rejects.toThrow(/JWT_SECRET must be set/);
  });
});
