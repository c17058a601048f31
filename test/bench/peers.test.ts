/** The servers of the benchmarks of the API, on one database. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertSameAnswers } from '../../bench/api/answers.ts';
import { armDefinitions } from '../../bench/api/arms.ts';
import { DatabaseProcess } from '../../bench/api/database-process.ts';
import { type SeededUser, seed } from '../../bench/api/dataset.ts';
import { VM_READ } from '../../bench/api/vm-read.ts';
import { LOGIN, NEW_VM, VM_QUERY } from '../../bench/peers/cloudvm/schemas.ts';
import { ServerProcess } from '../../bench/server-process.ts';
import { LoginSchema } from '../../src/cloudvm/accounts/account-schema.ts';
import { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import { NewVmSchema, VmQuerySchema } from '../../src/cloudvm/vms/vm-schema.ts';

const resources = new AsyncDisposableStack();
let users: readonly SeededUser[];
let servers: ServerProcess[];

beforeAll(async () => {
  const database = resources.use(await DatabaseProcess.start());
  const service = resources.use(
    await DatabaseService.open({ uri: database.uri, databaseName: 'cloudvm', workers: 1 }),
  );
  const jwtSecret = randomBytes(32).toString('hex');
  users = await seed(service, { jwtSecret, users: 3, vmsOfEach: 30 });
  const definitions = armDefinitions(['wasm', 'fastify', 'fastify-cluster', 'fastify-batched'], [1], {
    mongodbUri: database.uri,
    jwtSecret,
  });
  servers = await Promise.all(definitions.map((definition) => ServerProcess.start(definition)));
  for (const server of servers) resources.use(server);
});
afterAll(() => resources.disposeAsync());

describe('Fastify with the CloudVM application', () => {
  test('answers reads as this server does, those of other owners and of nobody too', async () => {
    await assertSameAnswers(servers, [...VM_READ.requests(users), ...VM_READ.alsoCompared(users)]);
  });

  test('checks requests against the schemas of this server', () => {
    expect(NEW_VM).toEqual(NewVmSchema);
    expect(VM_QUERY).toEqual(VmQuerySchema);
    expect(LOGIN).toEqual(LoginSchema);
  });
});
