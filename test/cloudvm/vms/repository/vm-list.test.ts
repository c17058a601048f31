/** The pages of a list of VMs: filters, sort orders and cursors, on every supported database. */

import { ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { DatabaseService } from '../../../../src/cloudvm/database/database-service.ts';
import { VM_SORTS, type VmSort } from '../../../../src/cloudvm/vms/repository/vm-cursor.ts';
import { VMS, type VmDocument } from '../../../../src/cloudvm/vms/repository/vm-document.ts';
import type { VmQuery } from '../../../../src/cloudvm/vms/repository/vm-query.ts';
import { VmRepository } from '../../../../src/cloudvm/vms/repository/vm-repository.ts';
import { type NewVm, VM_PROVIDERS, type Vm } from '../../../../src/cloudvm/vms/vm.ts';
import { prepareVms } from '../../../../src/cloudvm/vms/vm-services.ts';
import { describeOnEveryDatabase } from '../../../support/databases.ts';
import { createVm } from '../../support/create-vm.ts';
import { settle } from '../../support/settle.ts';

const newOwner = () => new ObjectId().toHexString();

describeOnEveryDatabase('the list of VMs', (database) => {
  const vms = () => new VmRepository(database.service);
  const create = async (owner: string, changes: Partial<NewVm> = {}): Promise<Vm> => {
    const base: NewVm = { name: 'vm', provider: 'local', region: 'here', size: 'small', tags: [] };
    return (await createVm(vms(), owner, { ...base, ...changes })).vm;
  };
  /** Created all at once, so that several share their time to the millisecond. */
  const createMany = (
    owner: string,
    count: number,
    name: (index: number) => string = (index) => `vm-${index}`,
  ) => Promise.all(Array.from({ length: count }, (_, index) => create(owner, { name: name(index) })));

  const pages = async (owner: string, query: Omit<VmQuery, 'cursor'>): Promise<Vm[][]> => {
    const collected: Vm[][] = [];
    let cursor: string | null | undefined;
    do {
      const page = await vms().list(owner, { ...query, cursor: cursor ?? undefined });
      collected.push(page.vms.map((vm) => vm.toVm()));
      cursor = page.nextCursor;
    } while (cursor !== null && collected.length < 100);
    return collected;
  };

  test('a new owner has an empty list', async () => {
    expect(await vms().list(newOwner(), { limit: 20 })).toEqual({ vms: [], total: 0, nextCursor: null });
  });

  test('in every sort order the pages together have each VM once', async () => {
    const owner = newOwner();
    const created = await createMany(owner, 23, (index) => `name-${index % 4}`);
    for (const sort of VM_SORTS) {
      const expected = [...created].sort(comparison(sort)).map(({ id }) => id);
      for (const limit of [1, 5, 22, 23, 24]) {
        const collected = await pages(owner, { limit, sort });
        expect(
          collected.flat().map(({ id }) => id),
          `${sort} by ${limit}`,
        ).toEqual(expected);
        expect(collected, `${sort} by ${limit}`).toHaveLength(Math.ceil(23 / limit));
      }
    }
  });

  test('the newest VMs come first if no sort order is given', async () => {
    const owner = newOwner();
    await createMany(owner, 5);
    const [implicit, explicit] = [
      await pages(owner, { limit: 2 }),
      await pages(owner, { limit: 2, sort: '-createdAt' }),
    ];
    expect(implicit).toEqual(explicit);
  });

  test('names are ordered by their code points, not by a language', async () => {
    const owner = newOwner();
    const names = ['b', 'B', 'a', 'ä', 'Z', 'ab', '', '機', '9'];
    for (const name of names) await create(owner, { name });
    const [page] = await pages(owner, { limit: 20, sort: 'name' });
    expect(page?.map(({ name }) => name)).toEqual(['', '9', 'B', 'Z', 'a', 'ab', 'b', 'ä', '機']);
  });

  test('VMs that were stored before there were filters by tag are found by them', async () => {
    const name = `tags_${new ObjectId().toHexString()}`;
    await using service = await DatabaseService.open({ uri: database.uri, databaseName: name, workers: 1 });
    const owner = newOwner();
    const tags = [{ key: 'team', value: 'blue' }];
    const newVm = { name: 'vm', provider: 'local', region: 'here', size: 'small', tags } as const;
    const { vm } = await createVm(new VmRepository(service), owner, newVm);
    const stored = service.collection<VmDocument>(VMS.name);
    const _id = ObjectId.createFromHexString(vm.id);
    await stored.updateOne({ _id }, { $unset: { tagTexts: '' } });
    const found = async () =>
      (await new VmRepository(service).list(owner, { limit: 5, tag: ['team:blue'] })).total;
    expect(await found()).toBe(0);
    await prepareVms(service);
    expect(await found()).toBe(1);
    await stored.drop();
  });

  test('few that match among many are found in each order, page by page', async () => {
    const owner = newOwner();
    await createMany(owner, 20);
    for (const name of ['b', 'a', 'c']) await create(owner, { name, provider: 'gcp', region: 'south' });
    for (const filters of [
      { provider: 'gcp' },
      { region: 'south' },
      { provider: 'gcp', region: 'south' },
    ] as const) {
      const names = async (sort: VmSort) =>
        (await pages(owner, { ...filters, sort, limit: 2 })).flat().map((vm) => vm.name);
      expect(await names('name')).toEqual(['a', 'b', 'c']);
      expect(await names('-name')).toEqual(['c', 'b', 'a']);
      expect(await names('createdAt')).toEqual(['b', 'a', 'c']);
      expect(await names('-createdAt')).toEqual(['c', 'a', 'b']);
    }
  });

  test('filters narrow the list and its total, alone and together', async () => {
    const owner = newOwner();
    for (const provider of VM_PROVIDERS) {
      for (const region of ['north', 'south']) await create(owner, { provider, region });
    }
    const { id } = await create(owner, { provider: 'gcp', region: 'south' });
    await settle(database.service, id);
    const total = async (query: Partial<VmQuery>) => (await vms().list(owner, { limit: 1, ...query })).total;

    expect(await total({})).toBe(9);
    expect(await total({ provider: 'gcp' })).toBe(3);
    expect(await total({ region: 'north' })).toBe(4);
    expect(await total({ status: ['running'] })).toBe(1);
    expect(await total({ status: ['stopped'] })).toBe(0);
    expect(await total({ status: ['pending'], provider: 'gcp', region: 'south' })).toBe(1);
    const collected = await pages(owner, { limit: 2, provider: 'gcp', sort: 'createdAt' });
    expect(collected.flat()).toHaveLength(3);
    expect(collected.flat().every(({ provider }) => provider === 'gcp')).toBe(true);
  });

  test('a VM created or deleted between two pages neither repeats nor hides others', async () => {
    const owner = newOwner();
    for (const name of ['b', 'd', 'f', 'h']) await create(owner, { name });
    const first = await vms().list(owner, { limit: 2, sort: 'name' });
    await create(owner, { name: 'a' });
    await create(owner, { name: 'e' });
    const last = first.vms[1];
    await settle(database.service, last?.identity.id ?? '');
    expect(await vms().delete(owner, last?.identity.id ?? '')).toBe(true);
    const second = await vms().list(owner, { limit: 9, sort: 'name', cursor: first.nextCursor ?? '' });
    expect(second.vms.map((vm) => vm.toVm().name)).toEqual(['e', 'f', 'h']);
    expect(second.nextCursor).toBeNull();
  });

  test("another owner's cursor shows none of that owner's VMs", async () => {
    const [owner, other] = [newOwner(), newOwner()];
    await createMany(owner, 3);
    const own = await createMany(other, 2);
    const { nextCursor } = await vms().list(owner, { limit: 1, sort: 'name' });
    const page = await vms().list(other, { limit: 10, sort: 'name', cursor: nextCursor ?? '' });
    const ids = new Set(own.map(({ id }) => id));
    expect(page.vms.every(({ identity }) => ids.has(identity.id))).toBe(true);
  });

  test('a malformed cursor is refused', async () => {
    await expect(vms().list(newOwner(), { limit: 1, cursor: 'nonsense' })).rejects.toThrow();
  });

  test('a page has 1 to 100 entries', async () => {
    for (const limit of [0, -1, 101, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(vms().list(newOwner(), { limit }), String(limit)).rejects.toThrow(RangeError);
    }
    expect((await vms().list(newOwner(), { limit: 100 })).vms).toEqual([]);
  });
});

function comparison(sort: VmSort): (left: Vm, right: Vm) => number {
  const sign = sort.startsWith('-') ? -1 : 1;
  const key = (vm: Vm) => (sort.endsWith('name') ? vm.name : vm.createdAt.toISOString()) + vm.id;
  return (left, right) => (key(left) < key(right) ? -sign : sign);
}
