import { describe, expect, test } from 'vitest';
import { NO_CLAIM } from '../../../src/runtime/memory/protocol.ts';
import type { ToMain } from '../../../src/runtime/worker/messages.ts';
import { RequestLoop } from '../../../src/runtime/worker/request-loop.ts';
import { MainSide, SLOT } from './support/main-side.ts';
import { createContext } from './support/worker-side.ts';

const OTHER_SLOT = 0;

/** A loop whose turns the test stands in for. */
function stage(connections = 8) {
  const main = new MainSide({ connections });
  const posted: ToMain[] = [];
  const context = createContext(main, (message) => posted.push(message), { maxInFlight: 12 });
  // The clock stands still in these tests, however slow the machine is.
  context.times.read = () => 0;
  const handlers = { count: 0 };
  const served: [connection: number, isAssigned: boolean][] = [];
  const on = { serve: () => {} };
  const loop = new RequestLoop({
    context,
    handlers,
    serve: (connection, _stateWord, isAssigned) => {
      served.push([connection, isAssigned]);
      on.serve();
    },
  });
  const queue = (): number => {
    const connection = main.connect();
    main.queueRequest(connection, 'x');
    return connection;
  };
  return { main, posted, context, handlers, served, loop, queue, on };
}

/** The next round of the event loop, after what `setImmediate` has scheduled before. */
const nextRound = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('RequestLoop', () => {
  test('a worker takes nothing before it is started', () => {
    const { loop, served, queue, main } = stage();
    queue();
    loop.wake();
    expect(served).toEqual([]);
    loop.start();
    expect(served).toEqual([[0, false]]);
    expect(main.queue.length).toBe(0);
  });

  test('a worker serves the queued connections in order, and parks', () => {
    const { loop, served, queue, main } = stage();
    for (let count = 0; count < 3; count++) queue();
    loop.start();
    expect(served.map(([connection]) => connection)).toEqual([0, 1, 2]);
    expect(main.parked.isParked(SLOT)).toBe(true);
  });

  test('a worker that is woken serves connections that were queued while it was parked', () => {
    const { loop, served, queue, main } = stage();
    loop.start();
    queue();
    expect(served).toEqual([]);
    main.parked.unpark(SLOT);
    loop.wake();
    expect(served).toEqual([[0, false]]);
    expect(main.parked.isParked(SLOT), 'parked again').toBe(true);
  });

  test('a worker does not sleep if a connection is queued while it parks', () => {
    const { loop, served, queue, context } = stage();
    const park = context.parked.park.bind(context.parked);
    context.parked.park = (slot) => {
      context.parked.park = park;
      queue();
      park(slot);
    };
    loop.start();
    expect(served).toEqual([[0, false]]);
  });

  test('a worker claims no position once it has taken a connection', () => {
    const { loop, queue, main, on } = stage();
    const claims: number[] = [];
    on.serve = () => claims.push(main.words.claim);
    queue();
    loop.start();
    expect(claims).toEqual([NO_CLAIM]);
  });

  test('a worker passes over a connection that is not READY any more', () => {
    const { loop, served, main } = stage();
    const gone = main.connect();
    main.queue.push(gone);
    loop.start();
    expect(served).toEqual([]);
    expect(main.parked.isParked(SLOT)).toBe(true);
  });

  test('a worker returns to its event loop after some turns, and goes on by itself', async () => {
    const { loop, served, queue } = stage(100);
    for (let count = 0; count < 100; count++) queue();
    loop.start();
    expect(served).toHaveLength(64);
    await nextRound();
    expect(served).toHaveLength(100);
  });

  test('a worker returns to its event loop after a slow handler', async () => {
    const { loop, served, queue, context, on } = stage();
    let now = 0;
    context.times.read = () => now;
    Object.defineProperty(context.times, 'lastRead', { get: () => now });
    on.serve = () => {
      now += 2;
    };
    queue();
    queue();
    loop.start();
    expect(served).toHaveLength(1);
    await nextRound();
    expect(served).toHaveLength(2);
  });

  test('a worker rings main now and then in a long batch, and at its end', () => {
    const { loop, posted, queue, main, context, on } = stage(32);
    const before: number[] = [];
    on.serve = () => {
      before.push(posted.length);
      context.bell.ring();
    };
    for (let count = 0; count < 20; count++) queue();
    main.bell.park();
    loop.start();
    expect(before.indexOf(1), 'after 16 turns').toBe(16);
    main.bell.park();
    queue();
    loop.wake();
    expect(posted).toEqual([0, 0]);
  });

  test('a worker serves a connection that main has chosen it for before those in the queue', () => {
    const { loop, served, main, queue } = stage();
    loop.start();
    queue();
    const chosen = main.connect();
    main.receive(chosen, 'x');
    main.parked.unpark(SLOT);
    loop.serveAssigned(chosen);
    expect(served).toEqual([
      [chosen, true],
      [0, false],
    ]);
  });

  describe('with handlers in flight', () => {
    test('a full worker takes nothing, and tells main about the backlog', () => {
      const { loop, handlers, served, queue, main, posted } = stage();
      handlers.count = 12;
      queue();
      main.bell.park();
      loop.start();
      expect(served).toEqual([]);
      expect(main.parked.isParked(SLOT)).toBe(true);
      expect(posted).toEqual([0]);
    });

    test('a worker takes more when a handler has settled', async () => {
      const { loop, handlers, served, queue } = stage();
      handlers.count = 12;
      loop.start();
      queue();
      handlers.count = 11;
      loop.reconsider();
      loop.reconsider();
      await nextRound();
      expect(served).toEqual([[0, false]]);
    });

    test('a worker takes requests until it is full, though others sleep', () => {
      const { loop, handlers, served, queue, main } = stage();
      main.parked.park(OTHER_SLOT);
      handlers.count = 11;
      queue();
      loop.start();
      expect(served).toEqual([[0, false]]);
    });
  });

  test('a worker takes nothing while a turn waits for room in the ring', async () => {
    const { loop, served, queue, context, main } = stage();
    const waiting = context.roomWaiters.wait();
    queue();
    loop.start();
    expect(served).toEqual([]);
    context.roomWaiters.notify();
    await waiting;
    main.parked.unpark(SLOT);
    loop.wake();
    expect(served).toEqual([[0, false]]);
  });

  describe('that is stopped', () => {
    test('a stopped worker takes nothing more, and does not look parked', async () => {
      const { loop, served, queue, main } = stage();
      loop.start();
      loop.stop();
      queue();
      loop.wake();
      loop.reconsider();
      loop.start();
      await nextRound();
      expect(served).toEqual([]);
      expect(main.parked.isParked(SLOT)).toBe(false);
    });

    test('a stopped worker passes on a wake-up while there is work', () => {
      const { loop, queue, main, posted } = stage();
      loop.start();
      queue();
      main.parked.unpark(SLOT);
      main.bell.park();
      loop.stop();
      expect(posted, 'main had woken it already').toEqual([0]);
      main.bell.park();
      loop.wake();
      expect(posted).toEqual([0, 0]);
    });

    test('a stopped worker that was not woken wakes nobody', () => {
      const { loop, queue, main, posted } = stage();
      loop.start();
      main.bell.park();
      queue();
      loop.stop();
      expect(posted).toEqual([]);
    });
  });
});
