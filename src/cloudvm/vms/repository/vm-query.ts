/** The queries of GET /api/vms, and their filters. Used by the VM repository and the VM schema. */
import type { Filter, ObjectId } from 'mongodb';
import type { VmProvider, VmStatus } from '../vm.ts';
import type { StoredVm } from './stored-vm.ts';
import type { VmSort } from './vm-cursor.ts';
import type { VmDocument } from './vm-document.ts';

export const MAX_PAGE_SIZE = 100;

export interface VmQuery {
  /** 1 to MAX_PAGE_SIZE. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly status?: VmStatus | undefined;
  readonly provider?: VmProvider | undefined;
  readonly region?: string | undefined;
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
  return {
    ownerId,
    ...(query.status !== undefined && { status: query.status }),
    ...(query.provider !== undefined && { provider: query.provider }),
    ...(query.region !== undefined && { region: query.region }),
  };
}
