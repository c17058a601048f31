/** The queries of GET /api/vms, and their filters. Used by the VM repository and the VM schema. */
import type { Filter, ObjectId } from 'mongodb';
import { VM_PROVIDERS, VM_STATUSES, type VmProvider, type VmStatus } from '../vm.ts';
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
    ...(tag !== undefined && { tagTexts: hasAll(tag) }),
  };
}

export function isFiltered({ status, provider, region, name, tag }: VmQuery): boolean {
  return (status ?? provider ?? region ?? name ?? tag) !== undefined;
}

/**
 * The same filter, but such that the index by status, provider and region bounds what is read. An index
 * bounds a field only if the filter has conditions on those before it. So those get conditions that always
 * hold.
 */
export function selective(filter: Filter<VmDocument>): Filter<VmDocument> {
  if (filter.provider === undefined && filter.region === undefined) return filter;
  return {
    ...filter,
    status: filter.status ?? { $in: [...VM_STATUSES] },
    provider: filter.provider ?? { $in: [...VM_PROVIDERS] },
  };
}

function anyOfStatuses(statuses: readonly VmStatus[]): VmStatus | { readonly $in: VmStatus[] } {
  const [only] = statuses;
  return only !== undefined && statuses.length === 1 ? only : { $in: [...statuses] };
}

function hasAll(texts: readonly string[]): string | { readonly $all: string[] } {
  const [only] = texts;
  return only !== undefined && texts.length === 1 ? only : { $all: [...texts] };
}
