/** Simultaneous reads of VMs and users, on every supported database, as the driver sends them. */
import { ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { UserRepository } from '../../../src/cloudvm/accounts/users/user-repository.ts';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { VmRepository } from '../../../src/cloudvm/vms/repository/vm-repository.ts';
import type { NewVm, Vm } from '../../../src/cloudvm/vms/vm.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';
import { createVm } from '../support/create-vm.ts';
import { FaultProxy } from './support/fault-proxy.ts';

const WEB: NewVm = {
  name: 'web',
  provider: 'aws',
  region: 'eu',
  size: 'small',
  tags: [{ key: 'team', value: 'blue' }],
};
const newOwner = () => new ObjectId().toHexString();

describeOnEveryDatabase('simultaneous reads', (database) => {
  test.beforeEach((context) => {
    if (!FaultProxy.canServe(database.uri)) context.skip('the proxy serves single, unencrypted hosts');
  });

  const openThrough = (proxy: FaultProxy) =>
    DatabaseService.open({ uri: proxy.uri, databaseName: database.service.databaseName, workers: 1 });
  const create = async (owner: string, count: number): Promise<Vm[]> => {
    const vms = new VmRepository(database.service);
    const created = Array.from({ length: count }, (_, index) =>
      createVm(vms, owner, { ...WEB, name: `web-${index}` }),
    );
    return (await Promise.all(created)).map(({ vm }) => vm);
  };

  test('of VMs of several owners are one query, and each finds the VM as it is stored', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const created = (await Promise.all([create(newOwner(), 20), create(newOwner(), 20)])).flat();
    const vms = new VmRepository(service);
    const found = await Promise.all(created.map(({ ownerId, id }) => vms.findById(ownerId, id)));
    expect(found).toEqual(created);
    expect(proxy.countOf('find')).toBe(1);
    expect(proxy.countOf('getMore')).toBe(0);
  });

  test('of more VMs than the first answer of a database holds by default need no second answer', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const owner = newOwner();
    const created = await create(owner, 60);
    created.push(...(await create(owner, 60)));
    const vms = new VmRepository(service);
    expect(await Promise.all(created.map(({ id }) => vms.findById(owner, id)))).toEqual(created);
    expect(proxy.countOf('find')).toBe(1);
    expect(proxy.countOf('getMore')).toBe(0);
  });

  test('find no VM of another owner, even if that owner asks for it at the same moment', async () => {
    const [owner, other] = [newOwner(), newOwner()];
    const [[vm], [another]] = await Promise.all([create(owner, 1), create(other, 1)]);
    if (vm === undefined || another === undefined) throw new Error('the VMs were not created');
    const vms = new VmRepository(database.service);
    const found = await Promise.all([
      vms.findById(owner, vm.id),
      vms.findById(other, vm.id),
      vms.findById(owner, another.id),
      vms.findById(other, another.id.toUpperCase()),
      vms.findById(owner, new ObjectId().toHexString()),
    ]);
    expect(found).toEqual([vm, undefined, undefined, another, undefined]);
  });

  test('of one VM get copies, which their callers may change', async () => {
    const owner = newOwner();
    const [vm] = await create(owner, 1);
    if (vm === undefined) throw new Error('the VM was not created');
    const vms = new VmRepository(database.service);
    const [first, second] = await Promise.all([vms.findById(owner, vm.id), vms.findById(owner, vm.id)]);
    expect(first).toEqual(vm);
    first?.createdAt.setTime(0);
    Object.assign(first?.tags[0] ?? {}, { value: 'changed' });
    expect(second).toEqual(vm);
  });

  test('of users are one query', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const names = ['one', 'two', 'three'].map((name) => `${name}-${newOwner()}`);
    const created = await Promise.all(
      names.map((name) =>
        new UserRepository(database.service).create({
          email: `${name}@example.org`,
          username: name,
          passwordHash: 'x',
        }),
      ),
    );
    const users = new UserRepository(service);
    expect(await Promise.all(created.map(({ id }) => users.findById(id)))).toEqual(created);
    expect(await users.findById(newOwner())).toBeUndefined();
    expect(proxy.countOf('find')).toBe(2);
  });

  test('of the pages of one list count its VMs once, and those of other lists by themselves', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const [owner, other] = [newOwner(), newOwner()];
    await Promise.all([create(owner, 3), create(other, 2)]);
    const vms = new VmRepository(service);
    const pages = await Promise.all([
      vms.list(owner, { limit: 1 }),
      vms.list(owner, { limit: 2, sort: 'name' }),
      vms.list(owner, { limit: 1, status: ['running'] }),
      vms.list(other, { limit: 1 }),
    ]);
    expect(pages.map(({ total }) => total)).toEqual([3, 3, 0, 2]);
    expect(proxy.countOf('aggregate')).toBe(3);
  });

  test('of lists are as many as the bound allows operations, and only those beyond it are refused', async () => {
    await using service = await DatabaseService.open({
      uri: database.uri,
      databaseName: database.service.databaseName,
      workers: 1,
      totalConnections: 2,
      maxWaiting: 3,
    });
    const vms = new VmRepository(service);
    const owner = newOwner();
    await create(owner, 1);
    const accepted = Array.from({ length: 5 }, () => vms.list(owner, { limit: 5 }));
    await expect(vms.list(owner, { limit: 5 })).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    for (const { total } of await Promise.all(accepted)) expect(total).toBe(1);
  });

  test.concurrent('are repeated by the driver if their answer was lost', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const owner = newOwner();
    const created = await create(owner, 5);
    proxy.loseAnswerOf('find');
    const vms = new VmRepository(service);
    expect(await Promise.all(created.map(({ id }) => vms.findById(owner, id)))).toEqual(created);
  });
});

describeOnEveryDatabase('a lost database', (database) => {
  test('fails each of the simultaneous reads with an error of its own', async (context) => {
    if (!FaultProxy.canServe(database.uri)) context.skip('the proxy serves single, unencrypted hosts');
    const proxy = await FaultProxy.start(database.uri);
    await using service = await DatabaseService.open({
      uri: proxy.uri,
      databaseName: database.service.databaseName,
      workers: 1,
      serverSelectionTimeoutMs: 100,
    });
    await proxy[Symbol.asyncDispose]();
    const vms = new VmRepository(service);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => vms.findById(newOwner(), newOwner())));
    const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
    for (const reason of reasons) expect(reason).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(new Set(reasons).size).toBe(3);
  });
});
