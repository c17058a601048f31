/** Inserts that travel together, and VMs that are created with them, on every supported database. */
import { type Document, ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { MAX_BATCH_SIZE } from '../../../src/cloudvm/database/batched-inserts.ts';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { isDuplicateKey } from '../../../src/cloudvm/database/driver-errors.ts';
import { VmRepository } from '../../../src/cloudvm/vms/repository/vm-repository.ts';
import type { NewVm } from '../../../src/cloudvm/vms/vm.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';
import { createVm } from '../support/create-vm.ts';
import { FaultProxy } from './support/fault-proxy.ts';

const WEB: NewVm = { name: 'web', provider: 'aws', region: 'eu', size: 'small', tags: [] };
const DISK_FULL = { code: 14031, errmsg: 'the disk is full' };

const newOwner = () => new ObjectId().toHexString();
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

function reasons(outcomes: readonly PromiseSettledResult<unknown>[]): readonly unknown[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
}

describeOnEveryDatabase('simultaneous inserts', (database) => {
  test.beforeEach((context) => {
    if (!FaultProxy.canServe(database.uri)) context.skip('the proxy serves single, unencrypted hosts');
  });

  const openThrough = (proxy: FaultProxy, options = {}) =>
    DatabaseService.open({
      uri: proxy.uri,
      databaseName: database.service.databaseName,
      workers: 1,
      ...options,
    });
  /** In a collection of their own. */
  const notesOf = (service: DatabaseService) => {
    const name = `notes-${newOwner()}`;
    const inserts = service.batchedInserts<Document>(name);
    return {
      insert: (_id: number) => service.run(() => inserts.insert({ _id })),
      stored: async () => {
        const found = await database.service.collection(name).find().sort({ _id: 1 }).toArray();
        return found.map(({ _id }) => Number(_id));
      },
    };
  };

  test('of one turn of the event loop are one command', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const notes = notesOf(service);
    await Promise.all(numbers(20).map(notes.insert));
    expect(proxy.countOf('insert')).toBe(1);
    expect(await notes.stored()).toEqual(numbers(20));
  });

  test('do not wait for a command that was sent before', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const notes = notesOf(service);
    const held = proxy.holdAnswersOf('insert', 2);
    const inserts = [notes.insert(0), notes.insert(1)];
    await new Promise(setImmediate);
    inserts.push(notes.insert(2));
    await held;
    expect(proxy.countOf('insert')).toBe(2);
    proxy.release();
    await Promise.all(inserts);
    expect(await notes.stored()).toEqual(numbers(3));
  });

  test('are divided into commands of bounded size', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy, { maxWaiting: 2 * MAX_BATCH_SIZE });
    const notes = notesOf(service);
    const count = 2 * MAX_BATCH_SIZE + 1;
    await Promise.all(numbers(count).map(notes.insert));
    expect(proxy.countOf('insert')).toBe(3);
    expect(await notes.stored()).toEqual(numbers(count));
  });

  test('are refused one by one', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const notes = notesOf(service);
    const outcomes = await Promise.allSettled([1, 2, 1, 3, 2].map(notes.insert));
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, false]);
    expect(proxy.countOf('insert')).toBe(1);
    const refusals = reasons(outcomes);
    expect(refusals.every(isDuplicateKey)).toBe(true);
    expect(new Set(refusals).size).toBe(2);
    expect(await notes.stored()).toEqual([1, 2, 3]);
  });

  test('whose command is refused as a whole are sent singly, so each has its own outcome', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const notes = notesOf(service);
    await notes.insert(1);
    proxy.refuse('insert', DISK_FULL);
    const outcomes = await Promise.allSettled([0, 1, 2].map(notes.insert));
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true]);
    expect(reasons(outcomes).every(isDuplicateKey)).toBe(true);
    expect(proxy.countOf('insert')).toBe(1 + 1 + 3);
    expect(await notes.stored()).toEqual([0, 1, 2]);
  });

  test('create each VM once, although the answer was lost', async () => {
    await using proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy);
    const vms = new VmRepository(service);
    const owner = newOwner();
    proxy.loseAnswerOf('insert');
    const created = await Promise.all(
      numbers(10).map((index) => createVm(vms, owner, { ...WEB, name: `web-${index}` })),
    );
    const { vms: found, total } = await vms.list(owner, { limit: 20, sort: 'name' });
    expect(total).toBe(10);
    expect(found.map((vm) => vm.toVm())).toEqual(created.map(({ vm }) => vm));
    expect(proxy.countOf('insert'), 'repeated together').toBe(2);
  });

  test('into a lost database fail, each with an error of its own', async () => {
    const proxy = await FaultProxy.start(database.uri);
    await using service = await openThrough(proxy, { serverSelectionTimeoutMs: 100 });
    await proxy[Symbol.asyncDispose]();
    const vms = new VmRepository(service);
    const refusals = reasons(await Promise.allSettled(numbers(3).map(() => createVm(vms, newOwner(), WEB))));
    expect(refusals.map((error) => Object(error).code)).toEqual(numbers(3).map(() => 'DATABASE_UNREACHABLE'));
    expect(new Set(refusals).size).toBe(3);
  });
});
