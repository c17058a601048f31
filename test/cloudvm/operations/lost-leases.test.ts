/** What a runner does with leases that it does not have yet, or has lost without knowing. */
import { randomBytes } from 'node:crypto';
import { ObjectId } from 'mongodb';
import { expect, test, vi } from 'vitest';
import {
  OPERATIONS,
  type OperationDocument,
} from '../../../src/cloudvm/operations/repository/operation-document.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';
import { newOwner, Worker, type WorkerOptions } from './support.ts';

describeOnEveryDatabase('leases of operations', (database) => {
  const openAlone = (options?: WorkerOptions) =>
    Worker.open(database.uri, `operations_${randomBytes(6).toString('hex')}`, options);

  const stored = (worker: Worker) => worker.database.collection<OperationDocument>(OPERATIONS.name);

  const untilRenewed = async (worker: Worker, operationId: string) => {
    const _id = ObjectId.createFromHexString(operationId);
    const dueAt = async () => (await stored(worker).findOne({ _id }))?.dueAt?.getTime() ?? 0;
    const first = await dueAt();
    await vi.waitFor(async () => expect(await dueAt()).toBeGreaterThan(first), 10_000);
  };

  /** As if the worker had not renewed its lease for too long. */
  const endLease = (worker: Worker, operationId: string) =>
    stored(worker).updateOne(
      { _id: ObjectId.createFromHexString(operationId) },
      { $set: { dueAt: new Date(0) } },
    );

  test('leases are renewed while an operation is being stored, and it is not lost', async () => {
    await using worker = await openAlone();
    worker.operations.start();
    const owner = newOwner();
    const { operationId: earlier } = await worker.create(owner);
    const { repository } = worker.operations;
    const insert = repository.insert.bind(repository);
    vi.spyOn(repository, 'insert').mockImplementationOnce(async (document) => {
      await untilRenewed(worker, earlier);
      return insert(document);
    });
    const { operationId } = await worker.create(owner);
    const { call } = await worker.provider.call(1);
    expect(call).toMatchObject({ operationId, attempt: 1 });
  });

  test('an operation that the worker itself takes again counts once, and its earlier call is broken off', async () => {
    await using worker = await openAlone({ lookIntervalMs: 20 });
    worker.provider.isDeaf = true;
    worker.provider.concurrency = 2;
    const owner = newOwner();
    const { operationId } = await worker.create(owner);
    const first = await worker.provider.call(0);
    await endLease(worker, operationId);
    worker.operations.start();
    const second = await worker.provider.call(1);
    expect(second.call).toMatchObject({ operationId, attempt: 2 });
    expect(first.call.signal.aborted).toBe(true);
    first.succeed();
    // Longer than a lease. It is renewed although the first call has ended.
    await untilRenewed(worker, operationId);
    expect(worker.operations.runner.running).toBe(1);
    second.succeed();
    await vi.waitFor(() => expect(worker.operations.runner.running).toBe(0), 10_000);
    // All places are free again.
    await Promise.all([worker.create(owner), worker.create(owner)]);
    const third = await worker.provider.call(2);
    const fourth = await worker.provider.call(3);
    third.succeed();
    fourth.succeed();
  });

  test('an operation that somebody else has stored meanwhile is theirs', async () => {
    const name = `operations_${randomBytes(6).toString('hex')}`;
    await using worker = await Worker.open(database.uri, name);
    await using other = await Worker.open(database.uri, name);
    const { repository } = worker.operations;
    const insert = repository.insert.bind(repository);
    vi.spyOn(repository, 'insert').mockImplementationOnce(async (document) => {
      // It finds a VM that waits for an operation which is not stored.
      other.operations.start();
      await other.provider.call(0);
      return insert(document);
    });
    const owner = newOwner();
    const { operationId } = await worker.create(owner);
    expect(worker.operations.runner.running).toBe(0);
    const { call, succeed } = await other.provider.call(0);
    expect(call).toMatchObject({ operationId, attempt: 1 });
    succeed();
    await vi.waitFor(() => expect(other.operations.runner.running).toBe(0), 10_000);
    expect(await worker.operation(owner, operationId)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(worker.provider.calls).toEqual([]);
  });
});
