/** The answer to a request that takes a snapshot. */
import type { Answer } from '../idempotency/answer.ts';
import type { Snapshot } from './snapshot.ts';
import type { SnapshotAnswer } from './snapshot-schema.ts';
import type { BegunSnapshot } from './snapshot-services.ts';

export function snapshotAnswer({ snapshot, operationId }: BegunSnapshot): Answer {
  const fields = {
    Location: `/api/snapshots/${snapshot.id}`,
    'Operation-Location': `/api/operations/${operationId}`,
  };
  return { status: 202, fields, json: JSON.stringify(representSnapshot(snapshot)) };
}

export function representSnapshot(snapshot: Snapshot): SnapshotAnswer {
  return { ...snapshot, createdAt: snapshot.createdAt.toISOString() };
}
