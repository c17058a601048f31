/**
 * One thread of the ReadyQueue stress: the producer, or one of the consumers. The producer keeps every
 * connection either queued or with a consumer.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { QUEUE_EMPTY } from '../../../../src/runtime/memory/connections/ready-queue.ts';
import { openReadyQueue, openWorkerWords } from '../../../../src/runtime/memory/open.ts';
import { type SharedParts, viewParts, yieldProcessor } from './shared.ts';

export interface ReadyQueueTask extends SharedParts {
  readonly task: 'produce' | 'consume' | 'pop-and-hang';
  readonly slot: number;
  /** Pushes in all. */
  readonly rounds: number;
  /**
   * Three words per connection (state, number of its last push, times it was popped), then one: consumers go.
   */
  readonly book: Int32Array;
}

const IDLE = 0;
const QUEUED = 1;

const { task, slot, rounds, book, ...parts } = workerData as ReadyQueueTask;
const shared = viewParts(parts);
const queue = openReadyQueue(shared);
const words = openWorkerWords(shared, slot);
const connections = shared.layout.connections;
const GO = 3 * connections;

if (task === 'produce') produce();
else if (task === 'consume') consume();
else popAndHang();

function produce(): void {
  let pushed = 0;
  while (pushed < rounds) {
    let progress = false;
    for (let connection = 0; connection < connections && pushed < rounds; connection++) {
      if (Atomics.load(book, 3 * connection) !== IDLE) continue;
      Atomics.store(book, 3 * connection, QUEUED);
      Atomics.store(book, 3 * connection + 1, pushed++);
      queue.push(connection);
      progress = true;
    }
    // Consumers start when the queue is as full as it ever gets: every connection stands in it.
    if (pushed === connections) Atomics.store(book, GO, 1);
    if (!progress) yieldProcessor();
  }
  Atomics.store(book, GO, 2); // Nothing more will come.
}

function consume(): void {
  while (Atomics.load(book, GO) === 0) yieldProcessor();
  let last = -1;
  for (;;) {
    const finished = Atomics.load(book, GO) === 2;
    const connection = queue.pop(words.claimWord);
    if (connection === QUEUE_EMPTY) {
      if (words.claim !== 0) throw new Error('a worker that found nothing still claims a position');
      if (finished) return;
      yieldProcessor();
      continue;
    }
    last = checkDelivery(connection, last);
    words.clearClaim();
  }
}

function checkDelivery(connection: number, last: number): number {
  const number = Atomics.load(book, 3 * connection + 1);
  if (number <= last) throw new Error(`push ${number} was delivered after push ${last}`);
  Atomics.add(book, 3 * connection + 2, 1);
  if (Atomics.compareExchange(book, 3 * connection, QUEUED, IDLE) !== QUEUED) {
    throw new Error(`push ${number} of connection ${connection} was delivered twice`);
  }
  return number;
}

function popAndHang(): void {
  parentPort?.postMessage(queue.pop(words.claimWord));
  for (;;) yieldProcessor();
}
