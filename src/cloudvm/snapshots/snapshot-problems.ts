/** The problem details for errors about snapshots. problems.ts uses it. */
import type { HttpProblem } from '../../runtime/application.ts';
import { problem } from '../contract/problem.ts';
import { SnapshotPendingError } from './repository/snapshot-repository.ts';

/** @returns undefined for an error that is not about snapshots */
export function snapshotProblem(error: unknown): HttpProblem | undefined {
  if (!(error instanceof SnapshotPendingError)) return undefined;
  const headers = { 'Retry-After': '1' };
  return problem('snapshot-pending', 'The snapshot is still being taken.', { headers });
}
