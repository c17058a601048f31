import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../../src/platform/invariant.ts';
import { QUEUE_EMPTY } from '../../../../src/runtime/memory/connections/ready-queue.ts';
import { openReadyQueue, openWorkerWords } from '../../../../src/runtime/memory/open.ts';
import { claimOf, NO_CLAIM } from '../../../../src/runtime/memory/protocol.ts';
import { effort } from '../../../support/effort.ts';
import { COUNTER_STARTS, createShared, partsOf } from '../threads/shared.ts';
import { runThreads, sharedWords, TestThread } from '../threads/thread.ts';

function createQueue(connections: number, start = 0) {
  const shared = createShared({ connections });
  shared.words[shared.layout.queueHeadWord] = start;
  shared.words[shared.layout.queueTailWord] = start;
  return { shared, queue: openReadyQueue(shared), worker: openWorkerWords(shared, 0) };
}

describe('ReadyQueue', () => {
  test('has more places than there are connections', () => {
    for (const connections of [1, 2, 3, 63, 64, 65, 10_000]) {
      expect(createShared({ connections }).layout.queueCapacity).toBeGreaterThan(connections);
    }
  });

  test.each(COUNTER_STARTS)(
    'hands out numbers in the order of their pushes, when full and when empty, from position %d',
    (start) => {
      const { queue, worker } = createQueue(7, start);
      for (let turn = 0; turn < 2_000; turn++) {
        expect(queue.pop(worker.claimWord)).toBe(QUEUE_EMPTY);
        for (let connection = 0; connection < 7; connection++) queue.push(connection);
        expect(queue.length).toBe(7);
        for (let connection = 0; connection < 7; connection++) {
          expect(queue.pop(worker.claimWord)).toBe(connection);
        }
        expect(queue.length).toBe(0);
      }
    },
  );

  test.each(COUNTER_STARTS)('the claim names the position that was popped, from position %d', (start) => {
    const { queue, worker } = createQueue(7, start);
    for (let turn = 0; turn < 5_000; turn++) {
      const position = queue.push(3);
      expect(queue.hasPassed(position)).toBe(false);
      queue.pop(worker.claimWord);
      expect(queue.hasPassed(position)).toBe(true);
      expect(worker.claim).toBe(claimOf(position));
    }
    queue.pop(worker.claimWord);
    expect(worker.claim, 'a worker that found nothing claims nothing').toBe(NO_CLAIM);
  });

  test('refuses a number that it already holds, and one that is not a connection', () => {
    const { queue, worker } = createQueue(7, -3);
    for (let connection = 0; connection < 7; connection++) queue.push(connection);
    for (const number of [0, 6, 7, -1]) {
      expect(() => queue.push(number), `${number}`).toThrow(InvariantError);
    }
    expect(queue.pop(worker.claimWord)).toBe(0);
    queue.push(0);
    expect(() => queue.push(0)).toThrow(InvariantError);
  });

  test('a worker that pops a number that main never pushed gets an error', () => {
    const { shared, queue, worker } = createQueue(7);
    queue.push(3);
    shared.words[shared.layout.queueWord] = 7;
    expect(() => queue.pop(worker.claimWord)).toThrow(InvariantError);
  });

  test('the claim of a worker that was killed between pop and take names the position', async () => {
    const { shared, queue } = createQueue(7, -1);
    queue.push(2);
    const position = queue.push(5);
    queue.pop(openWorkerWords(shared, 7).claimWord);
    const data = { ...partsOf(shared), task: 'pop-and-hang', slot: 4, rounds: 0, book: sharedWords(1) };
    await using thread = new TestThread('ready-queue-thread.ts', data);
    expect(await thread.nextMessage()).toBe(5);
    await thread.worker.terminate();
    expect(queue.hasPassed(position)).toBe(true);
    expect(openWorkerWords(shared, 4).claim).toBe(claimOf(position));
  });

  test.each(COUNTER_STARTS)(
    '8 consumers get every entry once and in order, nothing is lost, from position %d',
    async (start) => {
      const connections = 63;
      const rounds = effort(50_000, 1_000_000);
      const { shared, queue } = createQueue(connections, start);
      const book = sharedWords(3 * connections + 1);
      await runThreads('ready-queue-thread.ts', 9, (slot) => ({
        ...partsOf(shared),
        task: slot === 8 ? 'produce' : 'consume',
        slot,
        rounds,
        book,
      }));
      let delivered = 0;
      for (let connection = 0; connection < connections; connection++)
        delivered += book[3 * connection + 2] ?? 0;
      expect(delivered).toBe(rounds);
      expect(queue.length).toBe(0);
      expect(queue.head).toBe((start + rounds) | 0);
    },
  );
});
