/** The VM of the domain. What its statuses allow is in lifecycle.ts. */

export const VM_PROVIDERS = ['aws', 'azure', 'gcp', 'local'] as const;
export const VM_SIZES = ['small', 'medium', 'large'] as const;
export const VM_STATUSES = ['pending', 'running', 'stopping', 'stopped', 'error'] as const;

/** Of one VM. */
export const MAX_TAGS = 20;

export type VmProvider = (typeof VM_PROVIDERS)[number];
export type VmSize = (typeof VM_SIZES)[number];
export type VmStatus = (typeof VM_STATUSES)[number];

export interface VmTag {
  readonly key: string;
  readonly value: string;
}

export interface Vm {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly provider: VmProvider;
  readonly region: string;
  readonly instanceId: string;
  readonly size: VmSize;
  readonly status: VmStatus;
  readonly tags: readonly VmTag[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Grows by one with every change. The ETag is made from it. */
  readonly version: number;
}

export interface NewVm {
  readonly name: string;
  readonly provider: VmProvider;
  readonly region: string;
  readonly size: VmSize;
  /** If the client sends none, one is made from the id. */
  readonly instanceId?: string | undefined;
  readonly tags: readonly VmTag[];
}

/** The fields that a client may change. Undefined fields stay as they are. */
export interface VmChanges {
  readonly name?: string | undefined;
  readonly size?: VmSize | undefined;
  readonly tags?: readonly VmTag[] | undefined;
}
