/**
 * DatabaseService while all is well, and when the database is slow, away, or lost in the middle of a write.
 */
import { inspect } from 'node:util';
import { ObjectId } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { UserRepository } from '../../../src/cloudvm/accounts/users/user-repository.ts';
import {
  DatabaseService,
  type DatabaseServiceOptions,
  poolSizePerWorker,
} from '../../../src/cloudvm/database/database-service.ts';
import { VmRepository } from '../../../src/cloudvm/vms/repository/vm-repository.ts';
import type { NewVm } from '../../../src/cloudvm/vms/vm.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';
import { createVm } from '../support/create-vm.ts';
import { settle } from '../support/settle.ts';
import { FaultProxy } from './support/fault-proxy.ts';

const WEB: NewVm = { name: 'web', provider: 'aws', region: 'eu', size: 'small', tags: [] };
const USER = { email: 'a@example.org', username: 'a', passwordHash: 'x' };
const BASE: Omit<DatabaseServiceOptions, 'uri'> = {
  databaseName: 'cloudvm_test',
  workers: 1,
};

describe('connections', () => {
  test.each([
    [1, 64],
    [8, 8],
    [20, 3],
    [32, 2],
    [33, 2],
    [1_000, 2],
  ])('%i workers get %i connections each', (workers, connections) => {
    expect(poolSizePerWorker(workers)).toBe(connections);
  });

  test.each([0, -1, 1.5, Number.NaN])('%s is not a valid number of workers', (workers) => {
    expect(() => poolSizePerWorker(workers)).toThrow(
      expect.objectContaining({ code: 'DATABASE_CONFIGURATION' }),
    );
  });

  test('options in the connection string override the defaults', async () => {
    const uri = 'mongodb://127.0.0.1:1/?MAXPOOLSIZE=5&w=1';
    await using service = new DatabaseService({ ...BASE, uri });
    expect(service.maxPoolSize).toBe(5);
  });
});

describe('settings', () => {
  test.each([
    'http://127.0.0.1/',
    'mongodb://',
    'mongodb://user:hunter2-secret@/',
    'mongodb://user:hunter2-secret@host:port:port/',
    'mongodb://user:hunter2-secret@host/?unknownOption=1',
    'user:hunter2-secret',
  ])('%s is refused without repeating its password', (uri) => {
    const open = () => new DatabaseService({ ...BASE, uri });
    expect(open).toThrow(expect.objectContaining({ code: 'DATABASE_CONFIGURATION' }));
    expect(open).not.toThrow(/hunter2/);
  });

  test('a name that no database can have is refused', () => {
    for (const databaseName of ['a/b', 'a b', 'a.b', '', '$a', 'a\u0000', 'a'.repeat(64)]) {
      expect(
        () => new DatabaseService({ ...BASE, uri: 'mongodb://127.0.0.1', databaseName }),
        databaseName,
      ).toThrow(expect.objectContaining({ code: 'DATABASE_CONFIGURATION' }));
    }
  });
});

describe('a database', () => {
  test('is described by its hosts and name, without the password', async () => {
    const uri = 'mongodb://user:hunter2-secret@one.example:1,two.example:2/?replicaSet=rs';
    await using service = new DatabaseService({ ...BASE, uri });
    expect(service.description).toBe('one.example:1,two.example:2/cloudvm_test');
    expect(inspect(service, { depth: 20, showHidden: true })).not.toContain('hunter2');
  });
});

describeOnEveryDatabase('the database service', (database) => {
  test.beforeEach((context) => {
    if (!FaultProxy.canServe(database.uri)) context.skip('the proxy serves single, unencrypted hosts');
  });

  const openThrough = (proxy: FaultProxy, options: Partial<DatabaseServiceOptions> = {}) =>
    DatabaseService.open({
      ...BASE,
      databaseName: database.service.databaseName,
      uri: proxy.uri,
      ...options,
    });
  const ping = (service: DatabaseService) => service.run(() => service.collection('vms').findOne({}));

  test('answers a ping while it is open and refuses once it is closed', async () => {
    const service = await DatabaseService.open({ ...BASE, uri: database.uri });
    await service.ping();
    expect(service.inFlight).toBe(0);
    await service.close();
    await service.close();
    await expect(service.ping()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    await expect(ping(service)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });

  test('waits for the operations under way when it closes', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    const service = await openThrough(proxy);
    const held = proxy.holdAnswersOf('find', 1);
    const operation = ping(service);
    await held;
    const closed = service.close();
    proxy.release();
    await Promise.all([operation, closed]);
  });

  test('refuses an operation at once if all connections are busy and the queue is full', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy, { totalConnections: 2, maxWaiting: 3 });
    const held = proxy.holdAnswersOf('find', 2);
    const accepted = Array.from({ length: 5 }, () => ping(service));
    await held;
    expect(service.inFlight).toBe(5);
    await expect(ping(service)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    proxy.release();
    await Promise.all(accepted);
    expect(service.inFlight).toBe(0);
    await ping(service);
  });

  test('reports an operation that waits too long for a connection as busy, not as unreachable', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy, { totalConnections: 2, waitQueueTimeoutMs: 100 });
    const held = proxy.holdAnswersOf('find', 2);
    const accepted = [ping(service), ping(service)];
    await held;
    await expect(ping(service)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    await expect(service.ping()).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    proxy.release();
    await Promise.all(accepted);
  });

  test('an operation that is never answered fails at its deadline, and holds up nobody who closes', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    const service = await openThrough(proxy, { operationTimeoutMs: 50, closeTimeoutMs: 50 });
    const held = proxy.holdAnswersOf('find', 2);
    const lost = [ping(service), ping(service)];
    await held;
    for (const operation of lost) {
      await expect(operation).rejects.toMatchObject({
        code: 'DATABASE_UNREACHABLE',
        message: expect.stringMatching(/cannot be reached: no answer in time$/),
      });
    }
    expect(service.inFlight).toBe(0);
    await service.close();
  });

  // Concurrent, because each one waits: the driver asks a lost server again after half a second.
  test.concurrent('repeats a read whose answer was lost', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const owner = new ObjectId().toHexString();
    const { vm } = await createVm(new VmRepository(service), owner, WEB);
    proxy.loseAnswerOf('find');
    expect(await new VmRepository(service).findById(owner, vm.id)).toEqual(vm);
  });

  test.concurrent('repeats the find and the count of a list whose answers were lost', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const vms = new VmRepository(service);
    const owner = new ObjectId().toHexString();
    await createVm(vms, owner, WEB);
    for (const command of ['find', 'aggregate']) {
      proxy.loseAnswerOf(command);
      expect(await vms.list(owner, { limit: 5 }), command).toMatchObject({ total: 1, nextCursor: null });
    }
  });

  test.concurrent('does not repeat a read if the connection string says so', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy, { uri: `${proxy.uri}&retryReads=false` });
    const owner = new ObjectId().toHexString();
    proxy.loseAnswerOf('find');
    await expect(new VmRepository(service).findById(owner, owner)).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
  });

  test.concurrent('does not repeat an unconditional update whose answer was lost', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const vms = new VmRepository(service);
    const owner = new ObjectId().toHexString();
    const { vm } = await createVm(vms, owner, WEB);
    proxy.loseAnswerOf('findAndModify');
    await expect(vms.update(owner, vm.id, { name: 'new' })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
    });
    expect(await vms.findById(owner, vm.id)).toMatchObject({ name: 'new', version: 2 });
  });

  test.concurrent('lets keyed and conditional writes succeed once if their answers were lost', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const [users, vms] = [new UserRepository(service), new VmRepository(service)];
    const owner = new ObjectId().toHexString();

    proxy.loseAnswerOf('insert');
    const user = await users.create(USER);
    expect(await users.findById(user.id)).toEqual(user);

    proxy.loseAnswerOf('insert');
    const { vm } = await createVm(vms, owner, WEB);
    expect((await vms.list(owner, { limit: 5 })).total).toBe(1);

    proxy.loseAnswerOf('findAndModify');
    expect(await vms.update(owner, vm.id, { name: 'new' }, 1)).toMatchObject({ name: 'new', version: 2 });
    expect(await settle(service, vm.id)).toBe(true);
    proxy.loseAnswerOf('findAndModify');
    expect(await vms.begin(owner, vm.id, 'stop', new ObjectId())).toMatchObject({ version: 4 });
    proxy.loseAnswerOf('update');
    // The repetition finds that the VM does not wait any more.
    expect(await settle(service, vm.id)).toBe(false);
    expect(await vms.findById(owner, vm.id)).toMatchObject({ status: 'stopped', version: 5 });
    proxy.loseAnswerOf('delete');
    expect(await vms.delete(owner, vm.id)).toBe(true);
    expect(await vms.findById(owner, vm.id)).toBeUndefined();
  });

  test.concurrent('refuses a repeated write if another write came first', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const vms = new VmRepository(service);
    const owner = new ObjectId().toHexString();
    const { vm } = await createVm(vms, owner, WEB);
    await vms.update(owner, vm.id, { name: 'other' });
    proxy.loseAnswerOf('findAndModify');
    await expect(vms.update(owner, vm.id, { name: 'late' }, 1)).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
    });
    proxy.loseAnswerOf('delete');
    await expect(vms.delete(owner, vm.id)).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    proxy.loseAnswerOf('delete');
    expect(await vms.delete(new ObjectId().toHexString(), vm.id), 'of another owner').toBe(true);
  });
});
