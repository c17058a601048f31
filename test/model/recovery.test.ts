/**
 * The counter-example of the ownership model for 'a death is decided about by a later position', played on
 * the real recovery, queue and table. The other threads' steps happen when main reads a claim.
 */

import { expect, test } from 'vitest';
import { openConnectionTable, openReadyQueue, openWorkerWords } from '../../src/runtime/memory/open.ts';
import { ANY_WORKER, type Connection } from '../../src/runtime/server/connections/connection.ts';
import { Orphans, type OrphansOptions } from '../../src/runtime/server/workers/orphans.ts';
import type { WorkerHandle } from '../../src/runtime/server/workers/worker-handle.ts';
import { createShared } from '../runtime/memory/threads/shared.ts';

test('recovery after the death of a worker does not queue a connection twice that another worker has served meanwhile', () => {
  const shared = createShared({ connections: 3 });
  const table = openConnectionTable(shared);
  const queue = openReadyQueue(shared);
  const living = openWorkerWords(shared, 0);
  const dead = openWorkerWords(shared, 1);
  table.open(0, 0);
  const connection = {
    number: 0,
    isHandedOut: true,
    queuePosition: 0,
    isHandedTo: (holder: number) => holder === ANY_WORKER,
  };
  const makeReady = () => {
    table.makeReady(0);
    connection.queuePosition = queue.push(0);
  };
  let onClaimRead = () => {};
  const livingWorker = {
    slot: 0,
    words: {
      get claim() {
        const { claim } = living;
        onClaimRead();
        return claim;
      },
    },
  };
  const orphans = new Orphans({
    table,
    queue,
    registry: {
      *all() {
        yield connection as unknown as Connection;
      },
    },
    ownership: { makeReady },
    living: () => [livingWorker as unknown as WorkerHandle],
  } as unknown as OrphansOptions);

  // Both workers claim position 0. Worker 0 moves the head, worker 1 comes too late and dies.
  makeReady();
  shared.words[dead.claimWord] = 1;
  expect(queue.pop(living.claimWord)).toBe(0);
  expect(dead.claim).toBe(living.claim);
  orphans.moveOn({ slot: 1, words: dead } as unknown as WorkerHandle, { status: 500, detail: '' });
  expect(queue.length, 'worker 0 may take the connection any moment').toBe(0);

  // Worker 0 serves it, main takes it back and queues it again, at position 1.
  table.take(0, 0);
  living.clearClaim();
  makeReady();

  // Main looks again. Right after it has read the claim of worker 0, or at the latest when it has looked,
  // that pops position 1.
  onClaimRead = () => {
    onClaimRead = () => {};
    expect(queue.pop(living.claimWord)).toBe(0);
  };
  orphans.lookAgain();
  onClaimRead();
  expect(queue.length, 'the connection is in the hand of worker 0').toBe(0);
});
