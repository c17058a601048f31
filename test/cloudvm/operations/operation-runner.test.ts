/** How operations are carried out, on a real database, with workers that stop, hang and die. */
import { randomBytes } from 'node:crypto';
import { ObjectId } from 'mongodb';
import { expect, test, vi } from 'vitest';
import {
  newOperationDocument,
  OPERATIONS,
  type OperationDocument,
} from '../../../src/cloudvm/operations/repository/operation-document.ts';
import { OperationLeases } from '../../../src/cloudvm/operations/repository/operation-leases.ts';
import { ProviderError } from '../../../src/cloudvm/providers/provider.ts';
import {
  newVmDocument,
  toVm,
  VMS,
  type VmDocument,
} from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';
import { createVm } from '../support/create-vm.ts';
import { newOwner, Worker } from './support.ts';

describeOnEveryDatabase('operations', (database) => {
  const open = (name = database.service.databaseName) => Worker.open(database.uri, name);
  /** A test that looks for due operations must not find those of others. */
  const openAlone = () => open(`operations_${randomBytes(6).toString('hex')}`);

  const statusOf = async (worker: Worker, owner: string, id: string) =>
    (await worker.vms.repository.findById(owner, id))?.status;

  const untilEnded = (worker: Worker, owner: string, id: string) =>
    vi.waitFor(async () => {
      const operation = await worker.operation(owner, id);
      expect(operation.finishedAt).not.toBeNull();
      return operation;
    }, 10_000);

  test('the worker that begins an operation carries it out at once', async () => {
    await using worker = await open();
    const owner = newOwner();
    const { vm, operationId } = await worker.create(owner);
    const { work, vm: called, call, succeed } = await worker.provider.call(0);
    expect(work).toBe('create');
    expect(called).toEqual({
      id: vm.id,
      ownerId: owner,
      name: 'web',
      region: 'here',
      instanceId: vm.instanceId,
      size: 'small',
    });
    expect(call).toMatchObject({ operationId, attempt: 1 });
    expect(await worker.operation(owner, operationId)).toMatchObject({ status: 'running', attempts: 1 });
    succeed();
    expect(await untilEnded(worker, owner, operationId)).toMatchObject({ status: 'succeeded', error: null });
    expect(await statusOf(worker, owner, vm.id)).toBe('running');
    expect(worker.operations.runner.running).toBe(0);
    expect(worker.errors).toEqual([]);
  });

  test('a failure that may pass is tried again, and says meanwhile what failed', async (context) => {
    // A renewal may overwrite what another write has changed meanwhile.
    if (!database.atomic) context.skip('it reads first and writes later');
    await using worker = await openAlone();
    worker.operations.start();
    const owner = newOwner();
    const { vm, operationId } = await worker.create(owner);
    const first = await worker.provider.call(0);
    first.fail(new ProviderError('no capacity', { isPermanent: false }));
    const second = await worker.provider.call(1);
    expect(second.call).toMatchObject({ operationId, attempt: 2 });
    expect(await worker.operation(owner, operationId)).toMatchObject({
      status: 'running',
      error: 'no capacity',
    });
    expect(await statusOf(worker, owner, vm.id)).toBe('pending');
    second.succeed();
    expect(await untilEnded(worker, owner, operationId)).toMatchObject({
      status: 'succeeded',
      attempts: 2,
      error: null,
    });
    expect(await statusOf(worker, owner, vm.id)).toBe('running');
  });

  test('a permanent failure ends the operation and leaves the VM in error', async () => {
    await using worker = await open();
    const owner = newOwner();
    const { vm, operationId } = await worker.create(owner);
    (await worker.provider.call(0)).fail(new ProviderError('no such region', { isPermanent: true }));
    expect(await untilEnded(worker, owner, operationId)).toMatchObject({
      status: 'failed',
      error: 'no such region',
    });
    expect(await statusOf(worker, owner, vm.id)).toBe('error');
  });

  test('what an error of another kind says is for the log alone', async (context) => {
    // A renewal may overwrite what another write has changed meanwhile.
    if (!database.atomic) context.skip('it reads first and writes later');
    await using worker = await openAlone();
    worker.operations.start();
    const owner = newOwner();
    const { operationId } = await worker.create(owner);
    const secret = new Error('password is hunter2');
    (await worker.provider.call(0)).fail(secret);
    (await worker.provider.call(1)).succeed();
    expect(worker.errors).toEqual([secret]);
    expect(JSON.stringify(await untilEnded(worker, owner, operationId))).not.toContain('hunter2');
  });

  test('a worker that stops gives its operations to others at once', async () => {
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using other = await open(name);
    let operationId: string;
    {
      await using worker = await open(name);
      ({ operationId } = await worker.create(owner));
      await worker.provider.call(0);
    }
    other.operations.start();
    const { call, succeed } = await other.provider.call(0);
    expect(call).toMatchObject({ operationId, attempt: 2 });
    succeed();
    expect(await untilEnded(other, owner, operationId)).toMatchObject({ status: 'succeeded', attempts: 2 });
  });

  test('an operation of a worker that has died goes on when its lease has ended', async (context) => {
    // A renewal may overwrite what another write has changed meanwhile.
    if (!database.atomic) context.skip('it reads first and writes later');
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using other = await open(name);
    // It never renews its lease, because it was not started, and so it is as good as dead.
    await using dead = await open(name);
    const { vm, operationId } = await dead.create(owner);
    const { succeed: wakeUp } = await dead.provider.call(0);
    other.operations.start();
    const { call, succeed } = await other.provider.call(0);
    expect(call).toMatchObject({ operationId, attempt: 2 });

    // It comes back to life, and what it did counts no more.
    wakeUp();
    await vi.waitFor(() => expect(dead.operations.runner.running).toBe(0));
    expect(await statusOf(other, owner, vm.id)).toBe('pending');
    expect(await other.operation(owner, operationId)).toMatchObject({ status: 'running', attempts: 2 });
    succeed();
    expect(await untilEnded(other, owner, operationId)).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(await other.vms.repository.findById(owner, vm.id)).toMatchObject({
      status: 'running',
      version: 2,
    });
  });

  test('a worker that lives keeps its operations for longer than a lease', async (context) => {
    // A renewal may overwrite what another write has changed meanwhile.
    if (!database.atomic) context.skip('it reads first and writes later');
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using worker = await open(name);
    await using other = await open(name);
    worker.operations.start();
    other.operations.start();
    const { operationId } = await worker.create(owner);
    const { succeed } = await worker.provider.call(0);
    const dueAt = async () => {
      const _id = ObjectId.createFromHexString(operationId);
      const stored = await worker.database.collection<OperationDocument>(OPERATIONS.name).findOne({ _id });
      return stored?.dueAt?.getTime() ?? 0;
    };
    const first = await dueAt();
    await vi.waitFor(async () => expect(await dueAt()).toBeGreaterThan(first + 600), 10_000);
    succeed();
    expect(await untilEnded(worker, owner, operationId)).toMatchObject({ attempts: 1 });
    expect(other.provider.calls).toEqual([]);
  });

  test('an outcome that was written before the worker died is not produced again', async () => {
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using other = await open(name);
    await using dead = await open(name);
    const { vm, operationId } = await dead.create(owner);
    await dead.provider.call(0);
    // As if it had died between the two writes.
    const _id = ObjectId.createFromHexString(vm.id);
    await dead.database
      .collection<VmDocument>(VMS.name)
      .updateOne({ _id }, { $set: { status: 'running' }, $inc: { version: 1 } });
    other.operations.start();
    expect(await untilEnded(other, owner, operationId)).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(other.provider.calls).toEqual([]);
  });

  test('a failure that was written before the worker died is told, although later operations have begun', async () => {
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using other = await open(name);
    await using dead = await open(name);
    const { vm, operationId } = await dead.create(owner);
    const { fail } = await dead.provider.call(0);
    // It dies between the write to the VM and that to the operation.
    vi.spyOn(OperationLeases.prototype, 'finish').mockRejectedValueOnce(new Error('it has died'));
    fail(new ProviderError('no such region', { isPermanent: true }));
    await vi.waitFor(() => expect(dead.errors).toHaveLength(1));
    const later = await other.vms.begin(owner, vm.id, 'start', undefined);
    (await other.provider.call(0)).succeed();
    expect(await untilEnded(other, owner, later?.operationId ?? '')).toMatchObject({ status: 'succeeded' });

    other.operations.start();
    expect(await untilEnded(other, owner, operationId)).toMatchObject({
      status: 'failed',
      error: 'no such region',
      attempts: 2,
    });
    expect(await statusOf(other, owner, vm.id)).toBe('running');
    expect(other.provider.calls).toHaveLength(1);
  });

  test('an operation that was never stored is begun by somebody else', async () => {
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using dead = await open(name);
    const newVm = { name: 'web', provider: 'local', region: 'here', size: 'small', tags: [] } as const;
    const { vm, operationId } = await createVm(dead.vms.repository, owner, newVm);
    await using other = await open(name);
    other.operations.start();
    const { call, succeed } = await other.provider.call(0);
    expect(call.operationId).toBe(operationId.toHexString());
    // A worker that was slow to count would remove it now, if it is beyond the quota of its owner.
    const identity = {
      _id: ObjectId.createFromHexString(vm.id),
      ownerId: ObjectId.createFromHexString(owner),
    };
    expect(await dead.vms.repository.takeBack(identity)).toBe(false);
    succeed();
    await vi.waitFor(async () => expect(await statusOf(other, owner, vm.id)).toBe('running'), 10_000);
  });

  test('no more calls of a provider are under way than it allows, and none is forgotten', async (context) => {
    if (!database.atomic) context.skip('it reads first and writes later');
    await using worker = await openAlone();
    worker.provider.concurrency = 2;
    worker.operations.start();
    const owner = newOwner();
    const begun = await Promise.all(Array.from({ length: 5 }, () => worker.create(owner)));
    for (let index = 0; index < 5; index += 1) {
      const { succeed } = await worker.provider.call(index);
      expect(worker.operations.runner.running).toBeLessThanOrEqual(2);
      succeed();
    }
    for (const { operationId } of begun) {
      expect(await untilEnded(worker, owner, operationId)).toMatchObject({
        status: 'succeeded',
        attempts: 1,
      });
    }
  });

  test('a deletion is carried out at the provider once the VM is gone, also by somebody else', async () => {
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using other = await open(name);
    let id: string;
    {
      await using worker = await open(name);
      const { vm, operationId } = await worker.create(owner);
      (await worker.provider.call(0)).succeed();
      await untilEnded(worker, owner, operationId);
      id = vm.id;
      expect(await worker.vms.delete(owner, id, undefined)).toBe(true);
      expect((await worker.provider.call(1)).work).toBe('remove');
    }
    expect(await statusOf(other, owner, id)).toBeUndefined();
    other.operations.start();
    const { work, vm, succeed } = await other.provider.call(0);
    expect([work, vm.id]).toEqual(['remove', id]);
    succeed();
    await vi.waitFor(() => expect(other.operations.runner.running).toBe(0));
  });

  test('a deletion that was refused removes nothing at the provider', async () => {
    await using worker = await openAlone();
    worker.operations.start();
    const owner = newOwner();
    const { vm, operationId } = await worker.create(owner);
    const { succeed } = await worker.provider.call(0);
    await expect(worker.vms.delete(owner, vm.id, undefined)).rejects.toMatchObject({
      code: 'STATUS_CONFLICT',
    });
    await expect(worker.vms.delete(owner, vm.id, vm.version + 1)).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
    });
    const left = worker.database.collection<OperationDocument>(OPERATIONS.name);
    expect(await left.countDocuments({ kind: 'remove' }), 'nothing is stored for it').toBe(0);
    succeed();
    await untilEnded(worker, owner, operationId);
    expect(worker.provider.calls).toHaveLength(1);
  });

  test('an operation that was never stored is found behind many that only take long', async () => {
    const name = `operations_${randomBytes(6).toString('hex')}`;
    const owner = newOwner();
    await using dead = await open(name);
    const newVm = { name: 'web', provider: 'local', region: 'here', size: 'small', tags: [] } as const;
    const lasting = Array.from({ length: 600 }, () =>
      newVmDocument(ObjectId.createFromHexString(owner), newVm),
    );
    const dueAt = new Date(Date.now() + 3_600_000);
    const operations = lasting.map((document) =>
      newOperationDocument({ id: document.operationId, kind: 'create', vm: toVm(document) }, dueAt),
    );
    await dead.database.collection<VmDocument>(VMS.name).insertMany(lasting);
    await dead.database.collection<OperationDocument>(OPERATIONS.name).insertMany(operations);
    const { operationId } = await createVm(dead.vms.repository, owner, newVm);
    await using other = await open(name);
    other.operations.start();
    const { call, succeed } = await other.provider.call(0);
    expect(call.operationId).toBe(operationId.toHexString());
    succeed();
  });
});
