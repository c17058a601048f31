/**
 * A small shared memory with the real layout, for the stress tests. Queue, rings and parked bits lie where
 * they do in the server.
 */
import {
  allocateMemory,
  computeLayout,
  type Layout,
  type SharedMemory,
  viewMemory,
} from '../../../../src/runtime/memory/layout.ts';

/** The data that a test hands to its threads. A view cannot be sent, but its memory can. */
export interface SharedParts {
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
}

export function createShared(options: {
  connections: number;
  workers?: number;
  ringBytes?: number;
}): SharedMemory {
  const layout = computeLayout({
    workers: options.workers ?? 8,
    connections: options.connections,
    inboundBytes: 4_096,
    ringBytes: options.ringBytes ?? 4_096,
    coreBytes: 64,
  });
  return viewMemory(allocateMemory(layout), layout);
}

export function partsOf({ memory, layout }: SharedMemory): SharedParts {
  return { memory, layout };
}

export function viewParts({ memory, layout }: SharedParts): SharedMemory {
  return viewMemory(memory, layout);
}

/**
 * Start values of counters. From there they cross 2³¹, where an Int32 changes its sign, or 2³², where it is
 * 0.
 */
export const COUNTER_STARTS = [0, 2 ** 31 - 3_200, 2 ** 32 - 3_200];

/** Gives the processor to the other threads of a stress test for a moment, without an event loop. */
export function yieldProcessor(): void {
  Atomics.wait(nobody, 0, 0, 0.02);
}

const nobody = new Int32Array(new SharedArrayBuffer(4));
