/**
 * A snapshot of the domain: the state of a VM's disk at one moment. It belongs to its VM and goes with it.
 */

export const SNAPSHOT_STATUSES = ['pending', 'ready', 'failed'] as const;
export type SnapshotStatus = (typeof SNAPSHOT_STATUSES)[number];

export interface Snapshot {
  readonly id: string;
  readonly vmId: string;
  readonly name: string;
  readonly status: SnapshotStatus;
  readonly createdAt: Date;
}
