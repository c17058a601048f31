/**
 * A worker of the parking stress. It pops connections, publishes one record for each, and parks when there is
 * nothing, in exactly the order of steps that parking.ts asks for. No timer helps it: a lost wake-up leaves
 * the whole test standing still.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { QUEUE_EMPTY } from '../../../../src/runtime/memory/connections/ready-queue.ts';
import {
  openMainBell,
  openOutboundRingWriter,
  openParkedWorkers,
  openReadyQueue,
  openWorkerWords,
} from '../../../../src/runtime/memory/open.ts';
import { TURN_ANSWERED } from '../../../../src/runtime/memory/protocol.ts';
import { type SharedParts, viewParts, yieldProcessor } from './shared.ts';

export interface ParkingTask extends SharedParts {
  readonly slot: number;
}

const { slot, ...parts } = workerData as ParkingTask;
const shared = viewParts(parts);
const queue = openReadyQueue(shared);
const parked = openParkedWorkers(shared);
const mainBell = openMainBell(shared);
const words = openWorkerWords(shared, slot);
const ring = openOutboundRingWriter(shared, slot);
let turns = 0;

if (!parentPort) throw new Error('runs as a worker');
parentPort.on('message', work);
work();

function work(): void {
  parked.unpark(slot);
  for (;;) {
    serveAll();
    if (turns % 16 === slot) yieldProcessor(); // The moment in which a wake-up could get lost, made longer.
    parked.park(slot);
    // Look again: main may have pushed before it could see the bit. (The server's workers also ring main when
    // they park. Not so here, since that would hide a missing look.)
    if (queue.length === 0) return;
    parked.unpark(slot);
  }
}

function serveAll(): void {
  for (;;) {
    const connection = queue.pop(words.claimWord);
    if (connection === QUEUE_EMPTY) return;
    words.clearClaim();
    while (!ring.open(0)) yieldProcessor();
    ring.endTurn({ connection, generation: 0, consumed: 0, seen: 0 }, TURN_ANSWERED, 0);
    turns++;
    ringMain();
    if (turns % 8 === slot) yieldProcessor(); // So that the threads meet in ever different steps.
  }
}

function ringMain(): void {
  if (mainBell.takeRing()) parentPort?.postMessage('ring');
}
