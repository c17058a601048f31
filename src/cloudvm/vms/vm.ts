/**
 * The VM of the domain, and the actions that each status allows. The repository enforces the statuses inside
 * its conditional writes.
 */

export const VM_PROVIDERS = ['aws', 'azure', 'gcp', 'local'] as const;
export const VM_SIZES = ['small', 'medium', 'large'] as const;
export const VM_STATUSES = ['pending', 'running', 'stopping', 'stopped', 'error'] as const;

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

export interface StatusTransition {
  readonly from: readonly VmStatus[];
  readonly to: VmStatus;
}

/** Every way from one status to another. Anything else is a conflict. */
export const VM_TRANSITIONS = {
  start: { from: ['stopped', 'error'], to: 'pending' },
  stop: { from: ['running'], to: 'stopping' },
  restart: { from: ['running'], to: 'pending' },
  /** The provider's answers to these actions and to the creation. */
  started: { from: ['pending'], to: 'running' },
  stopped: { from: ['stopping'], to: 'stopped' },
  failed: { from: ['pending'], to: 'error' },
} as const satisfies Record<string, StatusTransition>;

/** While the provider is at work (pending, stopping) a VM cannot be deleted. */
export const DELETABLE_STATUSES: readonly VmStatus[] = ['running', 'stopped', 'error'];
