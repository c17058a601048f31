/** What the routes of snapshots take and answer. */
import { endpoint, KEY_PROBLEMS, REPLAYED } from '../contract/endpoint.ts';
import { newSnapshot, SnapshotPageSchema, SnapshotSchema, snapshotQuery } from './snapshot-schema.ts';

export const listVmSnapshots = endpoint({
  group: 'Snapshots',
  summary: 'List the snapshots of a VM',
  query: snapshotQuery,
  success: { status: 200, description: 'A page of snapshots, the newest first.', schema: SnapshotPageSchema },
  problems: ['not-found', 'unprocessable-content'],
});

export const createVmSnapshot = endpoint({
  group: 'Snapshots',
  summary: 'Take a snapshot of a VM that is running or stopped',
  body: newSnapshot,
  fields: ['Idempotency-Key'],
  success: {
    status: 202,
    description: 'The snapshot, pending. It will be ready, or failed.',
    schema: SnapshotSchema,
    headers: {
      Location: 'The path of the snapshot.',
      'Operation-Location': 'The path of the operation that goes on.',
      ...REPLAYED,
    },
  },
  problems: [
    'not-found',
    'unprocessable-content',
    'unsupported-media-type',
    'vm-pending',
    'vm-status-conflict',
    ...KEY_PROBLEMS,
  ],
});

export const getSnapshot = endpoint({
  group: 'Snapshots',
  summary: 'Read a snapshot',
  success: { status: 200, description: 'The snapshot.', schema: SnapshotSchema },
  problems: ['not-found'],
});

export const deleteSnapshot = endpoint({
  group: 'Snapshots',
  summary: 'Delete a snapshot',
  success: { status: 204, description: 'It is gone.' },
  problems: ['not-found', 'snapshot-pending'],
});
