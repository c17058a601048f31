/**
 * Opens the structures that lie in the shared memory. Each thread does so once, at its start. While tests run
 * and with CORE=verify it gets the classes of checked/, which refuse every call that breaks the protocol.
 * Otherwise it gets the plain classes. They have no checks, because every request runs them several times.
 */

import { checksInvariants } from '../../platform/invariant.ts';
import { BuddyAllocator } from './allocator.ts';
import { CheckedBuddyAllocator } from './checked/checked-allocator.ts';
import { CheckedConnectionTable } from './checked/checked-connection-table.ts';
import { CheckedOutboundRingReader, CheckedOutboundRingWriter } from './checked/checked-outbound-ring.ts';
import { CheckedMainBell, CheckedParkedWorkers } from './checked/checked-parking.ts';
import { CheckedReadyQueue } from './checked/checked-ready-queue.ts';
import { CheckedWorkerWords } from './checked/checked-worker-words.ts';
import { ConnectionTable } from './connections/connection-table.ts';
import { ReadyQueue } from './connections/ready-queue.ts';
import type { SharedMemory } from './layout.ts';
import { MainBell, ParkedWorkers } from './synchronization/parking.ts';
import { OutboundRingReader } from './workers/outbound-ring-reader.ts';
import { OutboundRingWriter } from './workers/outbound-ring-writer.ts';
import { WorkerWords } from './workers/worker-words.ts';

type Shared = Pick<SharedMemory, 'words' | 'layout'>;

export function openConnectionTable(shared: Shared): ConnectionTable {
  return checksInvariants ? new CheckedConnectionTable(shared) : new ConnectionTable(shared);
}

export function openReadyQueue(shared: Shared): ReadyQueue {
  return checksInvariants ? new CheckedReadyQueue(shared) : new ReadyQueue(shared);
}

/** The worker's end of its ring. */
export function openOutboundRingWriter(shared: Shared, slot: number): OutboundRingWriter {
  return checksInvariants
    ? new CheckedOutboundRingWriter(shared, slot)
    : new OutboundRingWriter(shared, slot);
}

/** Main's end of a worker's ring. */
export function openOutboundRingReader(shared: Shared, slot: number): OutboundRingReader {
  return checksInvariants
    ? new CheckedOutboundRingReader(shared, slot)
    : new OutboundRingReader(shared, slot);
}

export function openWorkerWords(shared: Shared, slot: number): WorkerWords {
  return checksInvariants ? new CheckedWorkerWords(shared, slot) : new WorkerWords(shared, slot);
}

export function openParkedWorkers(shared: Shared): ParkedWorkers {
  return checksInvariants ? new CheckedParkedWorkers(shared) : new ParkedWorkers(shared);
}

export function openMainBell(shared: Shared): MainBell {
  return checksInvariants ? new CheckedMainBell(shared) : new MainBell(shared);
}

/** The inbound buffers. Main only. */
export function openInboundBuffers({ layout }: Shared): BuddyAllocator {
  const { inboundAddress, inboundBytes } = layout;
  return checksInvariants
    ? new CheckedBuddyAllocator(inboundAddress, inboundBytes)
    : new BuddyAllocator(inboundAddress, inboundBytes);
}
