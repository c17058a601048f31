/**
 * Stores VMs. Only its owner can see a VM, so every filter here begins with the owner. All changes are
 * conditional writes, so of two simultaneous requests only one can win. Called by the VM controller.
 */
import { type Collection, type Filter, ObjectId } from 'mongodb';
import { MAX_PAGE_SIZE } from '../../contract/common-schema.ts';
import type { BatchedInserts } from '../../database/batched-inserts.ts';
import { BatchedReads } from '../../database/batched-reads.ts';
import type { DatabaseService } from '../../database/database-service.ts';
import { isDuplicateKey } from '../../database/driver-errors.ts';
import { isObjectId } from '../../database/hexadecimal-id.ts';
import { anyOf, parseObjectId, requireObjectId } from '../../database/object-id.ts';
import { SharedQueries } from '../../database/shared-queries.ts';
import type { StoredRead, StoredReads } from '../../database/stored-reads.ts';
import { DELETABLE_STATUSES, LIFECYCLE, type VmAction } from '../lifecycle.ts';
import { MAX_TAGS, type Vm, type VmChanges, type VmTag } from '../vm.ts';
import { StoredVm, type VmIdentity } from './stored-vm.ts';
import { afterCursor, encodeCursor, sortOrder } from './vm-cursor.ts';
import { awaiting, copyTag, tagTextsOf, toVm, VMS, type VmDocument } from './vm-document.ts';
import { StatusConflictError, TooManyTagsError, VersionMismatchError } from './vm-errors.ts';
import { isFiltered, matches, selective, type VmPage, type VmQuery } from './vm-query.ts';

/** Of one request that changes a tag while others change the same VM. */
const MAX_TAG_ATTEMPTS = 50;

/** So many are read to answer with some of them. */
const FEW = 100;

/** A page with one VM more, perhaps many more, and how many VMs match in all. */
type FoundAndTotal = readonly [found: readonly StoredVm[], total: number];

/** Begins every filter. */
interface Identity {
  readonly _id: ObjectId;
  readonly ownerId: ObjectId;
}

type WritableFields = Partial<
  Pick<
    VmDocument,
    'name' | 'size' | 'tags' | 'tagTexts' | 'status' | 'operationId' | 'operationKind' | 'operationAttempt'
  >
>;

/** A VM as the database has it, with what requests do not see. */
export interface CurrentVm {
  readonly vm: Vm;
  /** The latest operation that decides, or has decided, its status. */
  readonly operationId: ObjectId | undefined;
}

export class VmRepository {
  readonly #service: DatabaseService;
  readonly #vms: Collection<VmDocument>;
  readonly #stored: StoredReads<VmDocument>;
  readonly #inserts: BatchedInserts<VmDocument>;
  readonly #reads: BatchedReads<VmIdentity, StoredVm>;
  readonly #counts = new SharedQueries<number>();

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#vms = service.collection<VmDocument>(VMS.name);
    this.#stored = service.storedReads<VmDocument>(VMS.name);
    this.#inserts = service.batchedInserts<VmDocument>(VMS.name);
    const find = (identities: readonly VmIdentity[]) => this.#findAll(identities);
    this.#reads = new BatchedReads({ service, find, keyOf, keyOfFound: ({ identity }) => keyOf(identity) });
  }

  /**
   * Stores a VM with the status pending.
   * @returns false if its id is blocked, so that it never will be stored
   */
  async create(document: VmDocument): Promise<boolean> {
    const { _id, ownerId } = document;
    // Repeatable, because nobody else inserts this id: who finds it knows that the first insert succeeded.
    return this.#service.runRepeatable(async () => {
      try {
        await this.#inserts.insert(document);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return (await this.#vms.findOne({ _id, ownerId }, { readPreference: 'primary' })) !== null;
      }
    });
  }

  /** Makes sure that nobody takes a VM back, if it is there. */
  async keep(ownerId: string, id: ObjectId): Promise<CurrentVm | undefined> {
    const identity = { _id: id, ownerId: requireObjectId(ownerId) };
    const found = await this.#service.runRepeatable(() =>
      this.#vms.findOneAndUpdate(identity, { $set: { isKept: true } }, { returnDocument: 'after' }),
    );
    return found === null ? undefined : { vm: toVm(found), operationId: found.operationId };
  }

  /**
   * Removes a VM that was stored a moment ago, and whose creation has not begun.
   * @returns false if a repetition of the request was quicker, and goes on with it
   */
  async takeBack({ _id, ownerId }: Identity): Promise<boolean> {
    const identity = { _id, ownerId };
    return this.#service.runRepeatable(async () => {
      await this.#vms.deleteOne({ ...identity, isKept: { $exists: false } });
      return (await this.#vms.findOne(identity, { readPreference: 'primary' })) === null;
    });
  }

  /** How many VMs the owner has, counted up to `limit`, which is at least 1. */
  countUpTo(ownerId: string, limit: number): Promise<number> {
    const owned = { ownerId: requireObjectId(ownerId) };
    return this.#service.run(() =>
      this.#counts.share(`${ownerId} ${limit}`, () => this.#stored.count(owned, limit)),
    );
  }

  /** @returns undefined for a malformed id and for another owner's VM too */
  read(ownerId: string, id: string): Promise<StoredVm | undefined> {
    return isObjectId(id) ? this.#reads.read({ ownerId, id: id.toLowerCase() }) : Promise.resolve(undefined);
  }

  /** Like `read`, for a caller that needs the VM's values. */
  async findById(ownerId: string, id: string): Promise<Vm | undefined> {
    return (await this.read(ownerId, id))?.toVm();
  }

  /** As the database has it now, and not a replica that may lag behind. */
  async findCurrent(ownerId: string, id: string): Promise<CurrentVm | undefined> {
    const identity = identify(ownerId, id);
    if (identity === undefined) return undefined;
    const found = await this.#service.run(() => this.#vms.findOne(identity, { readPreference: 'primary' }));
    return found === null ? undefined : { vm: toVm(found), operationId: found.operationId };
  }

  /** One page, and how many VMs match in all. @throws InvalidCursorError */
  async list(ownerId: string, query: VmQuery): Promise<VmPage> {
    const { limit, cursor, sort = '-createdAt' } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_SIZE) {
      throw new RangeError(`a page has 1 to ${MAX_PAGE_SIZE} entries`);
    }
    const matching = matches(requireObjectId(ownerId), query);
    const page = cursor === undefined ? matching : { ...matching, ...afterCursor(sort, cursor) };
    // One VM more than asked for tells whether there is a next page.
    const read = { filter: page, sort: sortOrder(sort), limit: limit + 1 };
    // One operation, because the bound on operations is as large as the number of requests.
    const [found, total] = await this.#service.run(() =>
      isFiltered(query) ? this.#findFew(read, matching) : this.#findMany(read, matching),
    );
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    const nextCursor = last === undefined ? null : encodeCursor(sort, last.decode());
    return { vms: shown, total, nextCursor };
  }

  /**
   * Changes a VM, unless it has these values already. Then it keeps its version.
   * @param expectedVersion the version that the client has seen (If-Match), or undefined for any
   * @returns the VM as it is now, or undefined when it does not exist
   * @throws VersionMismatchError
   */
  async update(
    ownerId: string,
    id: string,
    changes: VmChanges,
    expectedVersion?: number,
  ): Promise<Vm | undefined> {
    const identity = identify(ownerId, id);
    if (identity === undefined) return undefined;
    const fields = fieldsOf(changes);
    // Not repeatable, because a repetition could undo what another client wrote in between.
    const changed =
      expectedVersion === undefined
        ? await this.#service.run(() => this.#change(identity, differsFrom(fields), fields, new ObjectId()))
        : await this.#changeOnce(identity, { version: expectedVersion, ...differsFrom(fields) }, fields);
    if (changed !== undefined) return changed;
    const current = await this.#service.run(() => this.#vms.findOne(identity, { readPreference: 'primary' }));
    if (current === null) return undefined;
    if (expectedVersion === undefined || current.version === expectedVersion) return toVm(current);
    throw new VersionMismatchError(current.version);
  }

  /**
   * Begins an action, if the VM's status allows it. The database decides.
   * @param operationId of the operation that will decide the VM's status
   * @param expectedVersion as for `update`
   * @param at when it begins
   * @returns the VM as it is now, or undefined when it does not exist
   * @throws StatusConflictError, VersionMismatchError
   */
  async begin(
    ownerId: string,
    id: string,
    action: VmAction,
    operationId: ObjectId,
    expectedVersion?: number,
    at = new Date(),
  ): Promise<Vm | undefined> {
    const identity = identify(ownerId, id);
    if (identity === undefined) return undefined;
    const { from, during } = LIFECYCLE[action];
    const condition = {
      status: { $in: [...from] },
      ...(expectedVersion !== undefined && { version: expectedVersion }),
    };
    const fields = { status: during, ...awaiting(operationId, action) };
    const changed = await this.#changeOnce(identity, condition, fields, at);
    if (changed === undefined) await this.#refuseUnlessAbsent(identity, expectedVersion);
    return changed;
  }

  /**
   * Sets one tag, or removes it. Others stay as they are, also if somebody else changes them at the same
   * time.
   * @param value undefined removes the tag
   * @returns the VM as it is now, or undefined when it does not exist
   * @throws TooManyTagsError, VersionMismatchError
   */
  async changeTag(
    ownerId: string,
    id: string,
    key: string,
    value: string | undefined,
    expectedVersion?: number,
  ): Promise<Vm | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const vm = await this.findById(ownerId, id);
      if (vm === undefined) return undefined;
      if (expectedVersion !== undefined && vm.version !== expectedVersion) {
        throw new VersionMismatchError(vm.version);
      }
      const tags = tagsWith(vm.tags, key, value);
      if (tags === undefined) return vm;
      try {
        return await this.update(ownerId, id, { tags }, vm.version);
      } catch (error) {
        // Somebody was quicker. Each time one of the writers succeeds, so few attempts are enough for many.
        if (!(error instanceof VersionMismatchError) || attempt === MAX_TAG_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Deletes a VM that is at rest. The database decides.
   * @param expectedVersion as for `update`
   * @returns whether it existed
   * @throws StatusConflictError while the VM is pending or stopping, VersionMismatchError
   */
  async delete(ownerId: string, id: string, expectedVersion?: number): Promise<boolean> {
    const identity = identify(ownerId, id);
    if (identity === undefined) return false;
    const filter = {
      ...identity,
      status: { $in: [...DELETABLE_STATUSES] },
      ...(expectedVersion !== undefined && { version: expectedVersion }),
    };
    const deleted = await this.#service.runRepeatable(async (repetition) => {
      const { deletedCount } = await this.#vms.deleteOne(filter);
      // The first attempt, whose connection broke, may have deleted it.
      return deletedCount > 0 || (repetition && (await this.#vms.findOne(identity)) === null);
    });
    if (!deleted) await this.#refuseUnlessAbsent(identity, expectedVersion);
    return deleted;
  }

  /** In the order of an index, until there are enough. */
  #findMany(read: StoredRead<VmDocument>, matching: Filter<VmDocument>): Promise<FoundAndTotal> {
    return Promise.all([this.#findStored(read), this.#count(matching)]);
  }

  /**
   * Of few that match, the index of the filter finds them all at once. In the order of another index, all VMs
   * of the owner would be read to find them. Where many match, that order is the quick one.
   */
  async #findFew(read: StoredRead<VmDocument>, matching: Filter<VmDocument>): Promise<FoundAndTotal> {
    const total = await this.#count(selective(matching));
    if (total === 0) return [[], 0];
    if (total > FEW) return [await this.#findStored(read), total];
    const filter = selective(read.filter);
    return [await this.#findStored({ ...read, filter, limit: 2 * FEW, hasAll: true }), total];
  }

  /** The pages of one user differ, but they have one total. */
  #count(matching: Filter<VmDocument>): Promise<number> {
    return this.#counts.share(JSON.stringify(matching), () => this.#stored.count(matching));
  }

  /**
   * The filter lets through a VM of one owner that another owner asks for in the same batch. `keyOf` tells
   * them apart.
   */
  #findAll(identities: readonly VmIdentity[]): Promise<readonly StoredVm[]> {
    const filter = {
      ownerId: anyOf(identities.map(({ ownerId }) => ownerId)),
      _id: anyOf(identities.map(({ id }) => id)),
    };
    const limit = identities.length;
    return this.#findStored({ filter, limit });
  }

  async #findStored(read: StoredRead<VmDocument>): Promise<readonly StoredVm[]> {
    const found = await this.#stored.find(read);
    return found.map((bytes) => new StoredVm(bytes));
  }

  /**
   * A conditional write. After a broken connection it is repeated, unless the stored VM shows that it was
   * done.
   */
  #changeOnce(
    identity: Identity,
    condition: Filter<VmDocument>,
    fields: WritableFields,
    at = new Date(),
  ): Promise<Vm | undefined> {
    const write = new ObjectId();
    return this.#service.runRepeatable(async (repetition) => {
      const changed = await this.#change(identity, condition, fields, write, at);
      if (changed !== undefined || !repetition) return changed;
      const done = await this.#vms.findOne({ ...identity, lastWrite: write }, { readPreference: 'primary' });
      return done === null ? undefined : toVm(done);
    });
  }

  async #change(
    identity: Identity,
    condition: Filter<VmDocument>,
    fields: WritableFields,
    write: ObjectId,
    at = new Date(),
  ): Promise<Vm | undefined> {
    const changed = await this.#vms.findOneAndUpdate(
      { ...condition, ...identity },
      { $set: { ...fields, updatedAt: at, lastWrite: write }, $inc: { version: 1 } },
      { returnDocument: 'after' },
    );
    return changed === null ? undefined : toVm(changed);
  }

  async #refuseUnlessAbsent(identity: Identity, expectedVersion: number | undefined): Promise<void> {
    const current = await this.#service.run(() => this.#vms.findOne(identity, { readPreference: 'primary' }));
    if (current === null) return;
    if (expectedVersion !== undefined && current.version !== expectedVersion) {
      throw new VersionMismatchError(current.version);
    }
    throw new StatusConflictError(current.status);
  }
}

function identify(ownerId: string, id: string): Identity | undefined {
  const _id = parseObjectId(id);
  return _id === undefined ? undefined : { _id, ownerId: requireObjectId(ownerId) };
}

/** Of a VM or of a read. With the owner, so that a read finds no VM of another owner. */
function keyOf({ ownerId, id }: VmIdentity): string {
  return ownerId + id;
}

function fieldsOf({ name, size, tags }: VmChanges): WritableFields {
  return {
    ...(name !== undefined && { name }),
    ...(size !== undefined && { size }),
    ...(tags !== undefined && { tags: tags.map(copyTag), tagTexts: tagTextsOf(tags) }),
  };
}

/** The condition that a VM has another value in one of the fields. */
function differsFrom(fields: WritableFields): Filter<VmDocument> {
  const either = Object.entries(fields).map(([name, value]) => ({ [name]: { $ne: value } }));
  return { $or: either };
}

/** @returns undefined if that changes nothing. @throws TooManyTagsError */
function tagsWith(
  tags: readonly VmTag[],
  key: string,
  value: string | undefined,
): readonly VmTag[] | undefined {
  const known = tags.find((tag) => tag.key === key);
  if (known?.value === value) return undefined;
  if (value === undefined) return tags.filter((tag) => tag.key !== key);
  if (known !== undefined) return tags.map((tag) => (tag.key === key ? { key, value } : tag));
  if (tags.length === MAX_TAGS) throw new TooManyTagsError();
  return [...tags, { key, value }];
}
