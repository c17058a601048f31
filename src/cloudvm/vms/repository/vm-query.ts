/** The queries of GET /api/vms, and their filters. Used by the VM repository and the VM schema. */
import type { Filter, ObjectId } from 'mongodb';
import type { VmProvider, VmStatus } from '../vm.ts';
import type { StoredVm } from './stored-vm.ts';
import type { VmSort } from './vm-cursor.ts';
import type { VmDocument } from './vm-document.ts';

export interface VmQuery {
  /** 1 to MAX_PAGE_SIZE. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  /** Any of them. */
  readonly status?: readonly VmStatus[] | undefined;
  readonly provider?: VmProvider | undefined;
  readonly region?: string | undefined;
  readonly name?: string | undefined;
  /** `key` or `key:value`. All of them. */
  readonly tag?: readonly string[] | undefined;
  /** The newest come first by default. */
  readonly sort?: VmSort | undefined;
}

export interface VmPage {
  readonly vms: readonly StoredVm[];
  /** How many VMs match the filters, on all pages together. */
  readonly total: number;
  readonly nextCursor: string | null;
}

export function matches(ownerId: ObjectId, query: VmQuery): Filter<VmDocument> {
  const { status, provider, region, name, tag } = query;
  return {
    ownerId,
    ...(status !== undefined && { status: anyOfStatuses(status) }),
    ...(provider !== undefined && { provider }),
    ...(region !== undefined && { region }),
    ...(name !== undefined && { name }),
    ...(tag !== undefined && { $and: tag.map(hasTag) }),
  };
}

function anyOfStatuses(statuses: readonly VmStatus[]): VmStatus | { readonly $in: VmStatus[] } {
  const [only] = statuses;
  return only !== undefined && statuses.length === 1 ? only : { $in: [...statuses] };
}

/** The contract lets keys have colons, so each colon may be the one that divides key and value. */
function hasTag(text: string): Filter<VmDocument> {
  const readings: Filter<VmDocument>[] = [{ 'tags.key': text }];
  for (let colon = text.indexOf(':'); colon !== -1; colon = text.indexOf(':', colon + 1)) {
    const tag = { key: text.slice(0, colon), value: text.slice(colon + 1) };
    readings.push({ tags: { $elemMatch: tag } });
  }
  const [first] = readings;
  return first !== undefined && readings.length === 1 ? first : { $or: readings };
}
