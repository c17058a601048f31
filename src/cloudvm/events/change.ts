/** A change of a resource, as it travels between the workers of a process and becomes an event. */
import type { EventName } from './event-schema.ts';

export interface Change {
  readonly ownerId: string;
  /** When the resource changed, in milliseconds since 1970, by the clock of the process that changed it. */
  readonly time: number;
  /** Names this state of this resource. */
  readonly key: string;
  /** The id of the VM, the snapshot or the operation. */
  readonly resource: string;
  /** Grows with each change of the resource. Nothing comes after DELETED. */
  readonly version: number;
  readonly event: EventName;
  /** JSON. */
  readonly data: string;
}

/** The version of a deletion. */
export const DELETED = Number.MAX_SAFE_INTEGER;

/** In the order in which clients see changes. */
export function compareChanges(one: Change, other: Change): number {
  return one.time - other.time || (one.key < other.key ? -1 : Number(one.key > other.key));
}
