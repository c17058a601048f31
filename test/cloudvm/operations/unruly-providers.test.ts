/** Providers that do not keep to their interface: they do not end, do not listen, or say too much. */
import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import {
  OPERATIONS,
  type OperationDocument,
} from '../../../src/cloudvm/operations/repository/operation-document.ts';
import { MAX_FAILURES } from '../../../src/cloudvm/operations/runner/attempts.ts';
import { ProviderError } from '../../../src/cloudvm/providers/provider.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';
import { newOwner, Worker, type WorkerOptions } from './support.ts';

describeOnEveryDatabase('unruly providers', (database) => {
  const newName = () => `operations_${randomBytes(6).toString('hex')}`;
  const open = (name: string, options?: WorkerOptions) => Worker.open(database.uri, name, options);

  const untilEnded = (worker: Worker, owner: string, id: string) =>
    vi.waitFor(async () => {
      const operation = await worker.operation(owner, id);
      expect(operation.finishedAt).not.toBeNull();
      return operation;
    }, 10_000);

  test('a call that does not end with its signal does not keep the worker from giving it back', async () => {
    const name = newName();
    await using other = await open(name);
    const owner = newOwner();
    let operationId: string;
    {
      await using worker = await open(name, { graceMs: 50 });
      worker.provider.isDeaf = true;
      ({ operationId } = await worker.create(owner));
      await worker.provider.call(0);
    }
    other.operations.start();
    const { call, succeed } = await other.provider.call(0);
    expect(call).toMatchObject({ operationId, attempt: 2 });
    succeed();
    await untilEnded(other, owner, operationId);
  });

  test('a call that takes too long has failed, also if it does not listen', async (context) => {
    // A renewal that is under way writes over what the failure has written.
    if (!database.atomic) context.skip('it reads first and writes later');
    await using worker = await open(newName(), { callTimeoutMs: 300, graceMs: 50 });
    worker.provider.isDeaf = true;
    worker.operations.start();
    const owner = newOwner();
    const { operationId } = await worker.create(owner);
    const first = await worker.provider.call(0);
    const second = await worker.provider.call(1);
    expect(second.call).toMatchObject({ operationId, attempt: 2 });
    expect(first.call.signal.aborted).toBe(true);
    expect((await worker.operation(owner, operationId)).error).toBe('the provider has taken too long');
    first.fail(new Error('too late for anybody'));
    second.succeed();
    expect(await untilEnded(worker, owner, operationId)).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(worker.errors).toEqual([]);
  });

  test('what is thrown need not be an error', async () => {
    await using worker = await open(newName());
    worker.operations.start();
    const owner = newOwner();
    const { operationId } = await worker.create(owner);
    (await worker.provider.call(0)).fail('a string');
    (await worker.provider.call(1)).fail(undefined);
    (await worker.provider.call(2)).succeed();
    expect(await untilEnded(worker, owner, operationId)).toMatchObject({ status: 'succeeded', attempts: 3 });
    expect(worker.errors).toEqual(['a string', undefined]);
  });

  test('a message that is too long for a document is shortened', async () => {
    await using worker = await open(newName());
    const owner = newOwner();
    const { operationId } = await worker.create(owner);
    const message = 'no '.repeat(7_000_000);
    (await worker.provider.call(0)).fail(new ProviderError(message, { isPermanent: true }));
    const { status, error } = await untilEnded(worker, owner, operationId);
    expect(status).toBe('failed');
    expect(error).toMatch(/^no no .*…$/);
    expect(error?.length).toBeLessThanOrEqual(1_000);
  });

  test('a removal is tried for longer than what its owner can ask for again', async () => {
    await using worker = await open(newName());
    const owner = newOwner();
    const { vm, operationId } = await worker.create(owner);
    (await worker.provider.call(0)).succeed();
    await untilEnded(worker, owner, operationId);
    // It is left for the look that comes when it has failed often already.
    vi.spyOn(worker.operations.runner, 'offer').mockImplementation(() => {});
    await worker.vms.delete(owner, vm.id, undefined);
    const operations = worker.database.collection<OperationDocument>(OPERATIONS.name);
    const change = { failures: MAX_FAILURES, dueAt: new Date() };
    await operations.updateOne({ kind: 'remove' }, { $set: change });
    worker.operations.start();
    const removal = await worker.provider.call(1);
    removal.fail(new ProviderError('no connection', { isPermanent: false }));
    await vi.waitFor(async () =>
      expect(await operations.findOne({ kind: 'remove' })).toMatchObject({
        finishedAt: null,
        failures: MAX_FAILURES + 1,
      }),
    );
  });

  test('removals take no more places of a provider than it has', async (context) => {
    if (!database.atomic) context.skip('it reads first and writes later');
    await using worker = await open(newName());
    worker.operations.start();
    const owner = newOwner();
    const begun = await Promise.all(Array.from({ length: 4 }, () => worker.create(owner)));
    for (const index of begun.keys()) (await worker.provider.call(index)).succeed();
    for (const { operationId } of begun) await untilEnded(worker, owner, operationId);
    worker.provider.concurrency = 1;
    await Promise.all(begun.map(({ vm }) => worker.vms.delete(owner, vm.id, undefined)));
    for (const index of begun.keys()) {
      const { work, succeed } = await worker.provider.call(begun.length + index);
      expect(work).toBe('remove');
      expect(worker.operations.runner.running).toBe(1);
      expect(worker.provider.calls).toHaveLength(begun.length + index + 1);
      succeed();
    }
  });
});
