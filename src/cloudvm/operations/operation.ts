/**
 * An operation of the domain: a change of a VM that a provider carries out after its request was answered.
 */

export const OPERATION_KINDS = ['create', 'start', 'stop', 'restart', 'snapshot'] as const;
export const OPERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed'] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export interface Operation {
  readonly id: string;
  readonly vmId: string;
  readonly kind: OperationKind;
  readonly status: OperationStatus;
  /** Why it failed, in words for the owner, or why the last attempt did. */
  readonly error: string | null;
  /** How often a worker has begun to carry it out. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}
