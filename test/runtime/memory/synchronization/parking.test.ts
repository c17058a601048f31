import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../../src/platform/invariant.ts';
import type { ReadyQueue } from '../../../../src/runtime/memory/connections/ready-queue.ts';
import type { SharedMemory } from '../../../../src/runtime/memory/layout.ts';
import {
  openMainBell,
  openOutboundRingReader,
  openParkedWorkers,
  openReadyQueue,
} from '../../../../src/runtime/memory/open.ts';
import type { MainBell, ParkedWorkers } from '../../../../src/runtime/memory/synchronization/parking.ts';
import type { OutboundRingReader } from '../../../../src/runtime/memory/workers/outbound-ring-reader.ts';
import { createShared, partsOf } from '../threads/shared.ts';
import { TestThread } from '../threads/thread.ts';

describe('ParkedWorkers', () => {
  test('keeps one bit for each slot, also beyond the first word', () => {
    const shared = createShared({ connections: 1, workers: 60 });
    const parked = openParkedWorkers(shared);
    for (const slot of [0, 31, 32, 63]) {
      expect(parked.isParked(slot)).toBe(false);
      parked.park(slot);
      expect(parked.isParked(slot), `slot ${slot}`).toBe(true);
    }
    expect([0, 1, 30, 31, 32, 33, 63].filter((slot) => parked.isParked(slot))).toEqual([0, 31, 32, 63]);
    for (const slot of [0, 31, 32, 63]) expect(parked.unpark(slot), `slot ${slot}`).toBe(true);
    expect(parked.any).toBe(false);
  });

  test('the thread that clears a bit learns whether it was the first', () => {
    const parked = openParkedWorkers(createShared({ connections: 1 }));
    parked.park(5);
    expect(parked.any).toBe(true);
    expect(parked.unpark(5)).toBe(true);
    expect(parked.unpark(5)).toBe(false);
    expect(parked.unpark(4)).toBe(false);
  });

  test('a parked worker cannot park again, and a slot beyond the last is refused', () => {
    const shared = createShared({ connections: 1 });
    const parked = openParkedWorkers(shared);
    parked.park(5);
    expect(() => parked.park(5)).toThrow(InvariantError);
    expect(() => parked.park(shared.layout.slots)).toThrow(InvariantError);
    parked.unpark(5);
    parked.park(5);
  });
});

describe('MainBell', () => {
  test('is taken by only one of the threads that publish, and only while main is parked', () => {
    const bell = openMainBell(createShared({ connections: 1 }));
    expect(bell.takeRing()).toBe(false);
    bell.park();
    expect(bell.takeRing()).toBe(true);
    expect(bell.takeRing()).toBe(false);
    bell.park();
    bell.unpark();
    expect(bell.takeRing()).toBe(false);
  });

  test('main cannot park again before it has woken', () => {
    const bell = openMainBell(createShared({ connections: 1 }));
    bell.park();
    expect(() => bell.park()).toThrow(InvariantError);
    bell.unpark();
    bell.park();
  });
});

describe('parking', () => {
  // Few connections: everybody parks all the time. Many: queue and rings are never empty for long.
  test.each([
    { workers: 2, connections: 1, turns: 5_000 },
    { workers: 8, connections: 3, turns: 20_000 },
    { workers: 8, connections: 60, turns: 100_000 },
  ])(
    '$workers workers and main lose no wake-up in $turns turns of $connections connections',
    async ({ workers, connections, turns }) => {
      const shared = createShared({ connections, workers });
      await using threads = new AsyncDisposableStack();
      const slots = Array.from({ length: workers }, (_, slot) =>
        threads.use(new TestThread('parking-thread.ts', { ...partsOf(shared), slot })),
      );
      const main = new Main(shared, slots);
      await main.run(turns);
      expect(main.drained).toBe(turns);
      expect(main.outstanding).toBe(0);
    },
  );
});

/** The main thread's half, in the same order of steps as the server's. */
class Main {
  drained = 0;
  outstanding = 0;
  #left = 0;
  readonly #slots: readonly TestThread[];
  readonly #queue: ReadyQueue;
  readonly #parked: ParkedWorkers;
  readonly #bell: MainBell;
  readonly #rings: readonly OutboundRingReader[];
  readonly #connections: number;
  readonly #finished = Promise.withResolvers<void>();

  constructor(shared: SharedMemory, slots: readonly TestThread[]) {
    this.#slots = slots;
    this.#queue = openReadyQueue(shared);
    this.#parked = openParkedWorkers(shared);
    this.#bell = openMainBell(shared);
    this.#rings = slots.map((_, slot) => openOutboundRingReader(shared, slot));
    this.#connections = shared.layout.connections;
  }

  async run(turns: number): Promise<void> {
    this.#left = turns;
    for (const { worker, exited } of this.#slots) {
      worker.on('message', () => this.#poll());
      exited.catch(this.#finished.reject);
    }
    for (let connection = 0; connection < this.#connections; connection++) this.#push(connection);
    this.#poll();
    await this.#finished.promise;
  }

  #poll(): void {
    this.#bell.unpark();
    while (this.#drainAll() || this.#mustWake());
    if (this.drained > 0 && this.outstanding === 0) this.#finished.resolve();
    this.#bell.park();
    // Look again at everything: whoever published before the bell word was set did not ring.
    if (this.#rings.some((ring) => !ring.isEmpty) || this.#mustWake()) setImmediate(() => this.#poll());
  }

  #drainAll(): boolean {
    let any = false;
    for (const ring of this.#rings) {
      while (ring.next()) {
        any = true;
        this.drained++;
        this.outstanding--;
        this.#push(ring.connection);
      }
      ring.release();
    }
    return any;
  }

  #push(connection: number): void {
    if (this.#left === 0) return;
    this.#left--;
    this.outstanding++;
    this.#queue.push(connection);
  }

  /** Main never parks with a non-empty queue and a parked worker: it wakes one, and only one at a time. */
  #mustWake(): boolean {
    if (this.#queue.length === 0 || !this.#parked.any) return false;
    const slot = this.#slots.findIndex((_, number) => this.#parked.isParked(number));
    if (slot >= 0 && this.#parked.unpark(slot)) this.#slots[slot]?.worker.postMessage('ring');
    return slot >= 0;
  }
}
