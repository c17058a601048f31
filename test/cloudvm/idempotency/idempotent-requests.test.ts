/**
 * Requests with a key whose workers die, or are only believed dead, on every supported database. A worker
 * that dies is one that never goes on.
 */
import { randomBytes } from 'node:crypto';
import { ObjectId } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { IdempotentRequests } from '../../../src/cloudvm/idempotency/idempotent-requests.ts';
import {
  IDEMPOTENCY_KEYS,
  type KeyDocument,
  keyIdOf,
} from '../../../src/cloudvm/idempotency/key-document.ts';
import { KeyInUseError, KeyReusedError } from '../../../src/cloudvm/idempotency/key-errors.ts';
import { KeyRepository } from '../../../src/cloudvm/idempotency/key-repository.ts';
import { prepareServices } from '../../../src/cloudvm/services.ts';
import { VMS } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { vmCreation } from '../../../src/cloudvm/vms/vm-creation.ts';
import { describeOnAtomicDatabases } from '../../support/databases.ts';
import { newOwner, Worker } from '../operations/support.ts';
import { settle } from '../support/settle.ts';

const WEB = { name: 'web', provider: 'local', region: 'here', size: 'small', tags: [] } as const;

describeOnAtomicDatabases('a request with a key', (database) => {
  /** Two workers, each of which believes at once that the other has died. */
  const openTwo = async () => {
    await using opened = new AsyncDisposableStack();
    const name = `keys_${randomBytes(6).toString('hex')}`;
    const first = opened.use(await Worker.open(database.uri, name));
    const second = opened.use(await Worker.open(database.uri, name));
    await prepareServices(first.database);
    const resources = opened.move();
    return { first, second, [Symbol.asyncDispose]: () => resources.disposeAsync() };
  };

  const send = (worker: Worker, ownerId: string, fingerprint = 'a request', leaseMs = 0) => {
    const requests = new IdempotentRequests({
      keys: new KeyRepository(worker.database),
      operations: worker.operations.repository,
      maxKeysPerUser: 1_000,
      onStored: () => {},
      leaseMs,
    });
    const work = vmCreation(worker.vms, ownerId, WEB);
    return requests.perform({ ownerId, key: 'key', fingerprint }, work);
  };

  const vmsOf = async (worker: Worker, owner: string) =>
    (await worker.vms.repository.list(owner, { limit: 5 })).vms.map((vm) => vm.toVm());
  const idOf = ({ answer }: { readonly answer: { readonly json: string } }) =>
    (JSON.parse(answer.json) as { id: string }).id;

  test('whose worker dies before it stores anything is carried out by the next one', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    const reached = Promise.withResolvers<void>();
    vi.spyOn(first.vms.repository, 'create').mockImplementation(() => {
      reached.resolve();
      return new Promise(() => {});
    });
    void send(first, owner);
    await reached.promise;
    const outcome = await send(second, owner);
    expect(outcome.isReplayed).toBe(false);
    expect((await vmsOf(second, owner)).map(({ id }) => id)).toEqual([idOf(outcome)]);
    expect(await send(second, owner)).toEqual({ ...outcome, isReplayed: true });
  });

  test('whose worker dies between the VM and its operation is finished by the next one', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    const reached = Promise.withResolvers<void>();
    vi.spyOn(first.operations, 'begin').mockImplementation(() => {
      reached.resolve();
      return new Promise(() => {});
    });
    void send(first, owner);
    await reached.promise;
    const outcome = await send(second, owner);
    expect(outcome.isReplayed).toBe(true);
    expect((await vmsOf(second, owner)).map(({ id }) => id)).toEqual([idOf(outcome)]);
    expect((await second.provider.call(0)).vm.id).toBe(idOf(outcome));
  });

  test('of a worker that wakes up late does nothing any more', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    const { repository } = first.vms;
    const create = repository.create.bind(repository);
    const [reached, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    vi.spyOn(repository, 'create').mockImplementationOnce(async (document) => {
      reached.resolve();
      await awake.promise;
      return create(document);
    });
    const late = send(first, owner);
    await reached.promise;
    const outcome = await send(second, owner);
    // Its VM comes and goes. The late one must not make it again.
    await settle(second.database, idOf(outcome));
    expect(await second.vms.repository.delete(owner, idOf(outcome))).toBe(true);
    awake.resolve();
    await expect(late).rejects.toThrow(KeyInUseError);
    expect(await vmsOf(second, owner)).toEqual([]);
    expect(await send(first, owner)).toEqual({ ...outcome, isReplayed: true });
    expect(await second.database.collection(VMS.name).countDocuments({ status: 'blocked' })).toBe(1);
  });

  test('whose VM was taken on by a repetition does not take it back', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    const [reached, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { repository } = first.vms;
    const create = repository.create.bind(repository);
    vi.spyOn(repository, 'create').mockImplementationOnce(async (document) => {
      const isStored = await create(document);
      reached.resolve();
      await awake.promise;
      // As the quota does.
      expect(await repository.takeBack(document)).toBe(false);
      return isStored;
    });
    const late = send(first, owner);
    await reached.promise;
    const outcome = await send(second, owner);
    awake.resolve();
    expect(await late).toMatchObject({ answer: outcome.answer });
    expect(await vmsOf(second, owner)).toHaveLength(1);
  });

  test('waits while the first one may be alive, and is refused if it differs', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    const reached = Promise.withResolvers<void>();
    vi.spyOn(first.vms.repository, 'create').mockImplementation(() => {
      reached.resolve();
      return new Promise(() => {});
    });
    void send(first, owner, 'a request', 60_000);
    await reached.promise;
    const refused = await send(second, owner, 'a request', 60_000).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'IDEMPOTENCY_KEY_IN_USE', retryAfterSeconds: 1 });
    await expect(send(second, owner, 'another')).rejects.toThrow(KeyReusedError);
  });

  test('that has failed can be sent again at once', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    vi.spyOn(first.vms.repository, 'create').mockRejectedValueOnce(new Error('the database is away'));
    await expect(send(first, owner, 'a request', 60_000)).rejects.toThrow('the database is away');
    expect(await send(second, owner, 'a request', 60_000)).toMatchObject({ isReplayed: false });
    expect(await vmsOf(second, owner)).toHaveLength(1);
  });

  test('is forgotten after 24 hours, whether the key was removed or not', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    const outcome = await send(first, owner);
    const _id = keyIdOf({ ownerId: owner, key: 'key' });
    const keys = first.database.collection<KeyDocument>(IDEMPOTENCY_KEYS.name);
    const lastsHours =
      ((await keys.findOne({ _id }))?.expiresAt.getTime() ?? 0) / 3_600_000 - Date.now() / 3_600_000;
    expect(lastsHours).toBeGreaterThan(23.9);
    expect(lastsHours).toBeLessThan(24.1);
    await keys.updateOne({ _id }, { $set: { expiresAt: new Date() } });
    const second24 = await send(second, owner, 'another request');
    expect(second24.isReplayed).toBe(false);
    expect(idOf(second24)).not.toBe(idOf(outcome));
    await keys.updateOne({ _id }, { $set: { expiresAt: new Date() } });
    await new KeyRepository(second.database).removeExpired();
    expect(await keys.countDocuments({})).toBe(0);
  });

  test('to stop a VM, of a worker that wakes up late, does not stop it again', async () => {
    await using workers = await openTwo();
    const { first, second } = workers;
    const owner = newOwner();
    const { vm } = await first.create(owner);
    await settle(first.database, vm.id);
    const running = await first.vms.repository.findById(owner, vm.id);
    const planned = {
      targetId: ObjectId.createFromHexString(vm.id),
      operationId: new ObjectId(),
      version: running?.version ?? 0,
      at: new Date(),
    };
    expect(await second.vms.resumePlanned(owner, 'stop', planned)).toBe(true);
    await settle(second.database, vm.id);
    await second.vms.begin(owner, vm.id, 'start', undefined);
    await settle(second.database, vm.id);
    expect(await first.vms.beginPlanned(owner, 'stop', planned)).toBe(true);
    expect(await first.vms.repository.findById(owner, vm.id)).toMatchObject({ status: 'running' });
    const never = { ...planned, operationId: new ObjectId() };
    expect(await first.vms.beginPlanned(owner, 'stop', never)).toBe(false);
  });
});
