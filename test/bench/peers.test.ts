/** The servers of the benchmarks of the API, on one database. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertSameAnswers } from '../../bench/api/answers.ts';
import { armsOf } from '../../bench/api/arms.ts';
import { DatabaseProcess } from '../../bench/api/database-process.ts';
import { type SeededUser, seed } from '../../bench/api/dataset.ts';
import { LOGIN } from '../../bench/api/login.ts';
import { VM_CREATE } from '../../bench/api/vm-create.ts';
import { VM_LIST } from '../../bench/api/vm-list.ts';
import { VM_READ } from '../../bench/api/vm-read.ts';
import { LOGIN as LOGIN_BODY, NEW_VM, VM_QUERY } from '../../bench/peers/cloudvm/schemas.ts';
import { HAS_PROC } from '../../bench/processes/process-usage.ts';
import { ServerProcess } from '../../bench/server-process.ts';
import { LoginSchema } from '../../src/cloudvm/accounts/account-schema.ts';
import { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import { NewVmSchema, VmQuerySchema } from '../../src/cloudvm/vms/vm-schema.ts';

const resources = new AsyncDisposableStack();
let users: readonly SeededUser[];
let services: DatabaseService[];
let servers: ServerProcess[];

beforeAll(async () => {
  const database = resources.use(await DatabaseProcess.start());
  const { uri } = database;
  const jwtSecret = randomBytes(32).toString('hex');
  const arms = armsOf(['wasm', 'fastify', 'fastify-cluster', 'fastify-batched'], [1], {
    mongodbUri: uri,
    jwtSecret,
    entry: 'src/main.ts',
  });
  services = await Promise.all(
    arms.map(({ databaseName }) => DatabaseService.open({ uri, databaseName, workers: 1 })),
  );
  for (const service of services) resources.use(service);
  users = await seed(services, { jwtSecret, users: 3, vmsOfEach: 30 });
  servers = await Promise.all(arms.map(({ definition }) => ServerProcess.start(definition)));
  for (const server of servers) resources.use(server);
});
afterAll(() => resources.disposeAsync());

describe('Fastify with the CloudVM application', () => {
  test('answers reads as this server does, those of other owners and of nobody too', async () => {
    await assertSameAnswers(servers, [...VM_READ.requests(users), ...VM_READ.alsoCompared(users)]);
  });

  test('answers lists as this server does, and refuses the same queries', async () => {
    await assertSameAnswers(servers, [...VM_LIST.requests(users), ...VM_LIST.alsoCompared(users)]);
  });

  test('answers creations as this server does, repeated and refused ones too', async () => {
    const requests = [...VM_CREATE.requests(users), ...VM_CREATE.alsoCompared(users)];
    await assertSameAnswers(servers, requests, VM_CREATE.normalize);
    for (const service of services) await VM_CREATE.settle?.(service);
  });

  test('answers logins as this server does, failed ones too', async () => {
    const requests = [...LOGIN.requests(users), ...LOGIN.alsoCompared(users)];
    await assertSameAnswers(servers, requests, LOGIN.normalize);
  });

  test.runIf(HAS_PROC)('counts the memory of all processes of a cluster', async () => {
    const [, single, cluster] = await Promise.all(servers.map((server) => server.usage()));
    expect(cluster?.proportionalBytes).toBeGreaterThan(3 * (single?.proportionalBytes ?? Number.NaN));
  });

  test('checks requests against the schemas of this server', () => {
    expect(NEW_VM).toEqual(withoutAnnotations(NewVmSchema));
    expect(VM_QUERY).toEqual(withoutAnnotations(VmQuerySchema));
    expect(LOGIN_BODY).toEqual(withoutAnnotations(LoginSchema));
  });
});

const ANNOTATIONS = ['description', 'examples', 'default'];

/** Only what is for readers of the documentation. */
function withoutAnnotations(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value) => (ANNOTATIONS.includes(key) ? undefined : value));
}
