/**
 * The life of a VM as a state machine. A request begins an action, if the status of the VM is one of `from`.
 * Then the VM has the status `during` until the provider has carried it out. Every change of a status in the
 * database is conditional on this table, so nothing can go another way.
 *
 *     create ─▶ pending ─▶ running ─ stop ─▶ stopping ─▶ stopped
 *                  │ ▲        │                  │          │
 *                  │ └────────┴─ restart         │          │
 *                  ▼                             ▼          │
 *                error ─────── start ──▶ pending ◀─ start ──┘
 */
import type { VmStatus } from './vm.ts';

interface Action {
  /** The statuses that allow it. A creation has none, because there is no VM before it. */
  readonly from: readonly VmStatus[];
  readonly during: VmStatus;
  readonly succeeded: VmStatus;
  readonly failed: VmStatus;
}

export const LIFECYCLE = {
  create: { from: [], during: 'pending', succeeded: 'running', failed: 'error' },
  start: { from: ['stopped', 'error'], during: 'pending', succeeded: 'running', failed: 'error' },
  stop: { from: ['running'], during: 'stopping', succeeded: 'stopped', failed: 'error' },
  restart: { from: ['running'], during: 'pending', succeeded: 'running', failed: 'error' },
} as const satisfies Record<string, Action>;

/** The operations that decide the status of a VM. */
export type VmOperationKind = keyof typeof LIFECYCLE;

/** What a request can ask of a VM that exists. */
export type VmAction = Exclude<VmOperationKind, 'create'>;

/** While an operation goes on, no other can begin, and the VM cannot be deleted. */
export const BUSY_STATUSES: readonly VmStatus[] = ['pending', 'stopping'];
export const DELETABLE_STATUSES: readonly VmStatus[] = ['running', 'stopped', 'error'];
/** A snapshot needs a disk that is whole. */
export const SNAPSHOT_STATUSES_OF_VM: readonly VmStatus[] = ['running', 'stopped'];
