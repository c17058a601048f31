/**
 * The main thread's round, with workers that the test plays on real shared memory. Rounds run by
 * `setImmediate`.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stateOf } from '../../../../src/runtime/memory/connections/state-word.ts';
import { openMainBell, openParkedWorkers } from '../../../../src/runtime/memory/open.ts';
import {
  REQUEST_INSIST,
  STATE_READY,
  TURN_ANSWERED,
  TURN_HEAVY,
} from '../../../../src/runtime/memory/protocol.ts';
import { Dispatcher } from '../../../../src/runtime/server/dispatch/dispatcher.ts';
import { HELD_UP_MS } from '../../../../src/runtime/server/dispatch/worker-load.ts';
import { FakeWorker, Rig } from '../support/rig.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 204 No Content\r\n\r\n';
const MAX_IN_FLIGHT = 4;
const PATIENCE_MS = 50;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

class DispatchRig implements Disposable {
  readonly rig = new Rig({ connections: 8 });
  readonly parked = openParkedWorkers(this.rig.shared);
  readonly bell = openMainBell(this.rig.shared);
  readonly dispatcher: Dispatcher;
  readonly workers = [new FakeWorker(this.rig, 0), new FakeWorker(this.rig, 1)] as const;

  private constructor(processors: number) {
    const { parked, bell } = this;
    const onBacklog = () => this.rig.overload.watch();
    this.dispatcher = new Dispatcher({
      ...this.rig,
      parked,
      bell,
      maxInFlight: MAX_IN_FLIGHT,
      processors,
      onBacklog,
    });
  }

  /** All workers sleep, and main too. */
  static async create({ processors = 2 } = {}): Promise<DispatchRig> {
    const created = new DispatchRig(processors);
    for (const worker of created.workers) {
      created.dispatcher.addWorker(worker);
      created.parked.park(worker.slot);
    }
    // Timers that run from the start ring once for nothing.
    vi.advanceTimersByTime(2 * PATIENCE_MS);
    await created.rounds();
    return created;
  }

  /** Lets main have its rounds until it sleeps. */
  async rounds(): Promise<void> {
    for (let round = 0; round < 6; round++) await turn();
  }

  /** A client sends a request. */
  async request(): Promise<void> {
    this.rig.connect().receive(REQUEST);
    this.dispatcher.ring();
    await this.rounds();
  }

  /** A worker that is awake takes a request, so the queue's head moves. The others sleep. */
  async progress(worker: FakeWorker): Promise<void> {
    await this.request();
    worker.take();
    for (const { slot } of this.workers) {
      if (slot !== worker.slot && !this.parked.isParked(slot)) this.parked.park(slot);
    }
    for (const each of this.workers) each.wakes = 0;
  }

  get wakes(): number[] {
    return this.workers.map((worker) => worker.wakes);
  }

  [Symbol.dispose](): void {
    this.dispatcher.stop();
  }
}

describe('a request', () => {
  test('wakes one worker, whose bit main has cleared', async () => {
    using dispatch = await DispatchRig.create();
    await dispatch.request();
    expect(dispatch.wakes).toEqual([1, 0]);
    expect(dispatch.parked.isParked(0)).toBe(false);
  });

  test('wakes the worker with the most handlers in flight', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.workers[0].words.inFlight = 1;
    dispatch.workers[1].words.inFlight = MAX_IN_FLIGHT - 1;
    await dispatch.request();
    expect(dispatch.wakes).toEqual([0, 1]);
  });

  test('wakes another worker if the busiest is full', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.workers[0].words.inFlight = MAX_IN_FLIGHT;
    await dispatch.request();
    expect(dispatch.wakes).toEqual([0, 1]);
  });

  test('wakes no worker that is full or drains', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.workers[0].words.inFlight = MAX_IN_FLIGHT;
    dispatch.workers[1].phase = 'draining';
    await dispatch.request();
    expect(dispatch.wakes).toEqual([0, 0]);
  });

  test('wakes nobody while an awake worker makes progress', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.parked.unpark(1);
    await dispatch.progress(dispatch.workers[1]);
    await dispatch.request();
    expect(dispatch.wakes).toEqual([0, 0]);
  });

  test('wakes another worker when the one that is awake stands still for a millisecond', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.parked.unpark(1);
    await dispatch.progress(dispatch.workers[1]);
    await dispatch.request();
    dispatch.rig.clock.time += 1;
    await dispatch.rounds();
    expect(dispatch.wakes, 'main sleeps').toEqual([0, 0]);
    vi.advanceTimersByTime(1);
    await dispatch.rounds();
    expect(dispatch.wakes).toEqual([1, 0]);
  });

  test('wakes no more workers than there are processors while they make progress', async () => {
    using dispatch = await DispatchRig.create({ processors: 1 });
    dispatch.parked.unpark(1);
    await dispatch.progress(dispatch.workers[1]);
    await dispatch.request();
    dispatch.rig.clock.time += HELD_UP_MS - 1;
    vi.advanceTimersByTime(1);
    await dispatch.rounds();
    expect(dispatch.wakes).toEqual([0, 0]);
  });

  test('wakes another worker when all that are awake are held up', async () => {
    using dispatch = await DispatchRig.create({ processors: 1 });
    dispatch.parked.unpark(1);
    await dispatch.progress(dispatch.workers[1]);
    await dispatch.request();
    dispatch.rig.clock.time += HELD_UP_MS;
    vi.advanceTimersByTime(1);
    await dispatch.rounds();
    expect(dispatch.wakes).toEqual([1, 0]);
  });

  test('wakes no other worker while the one that is awake starts handlers', async () => {
    using dispatch = await DispatchRig.create({ processors: 1 });
    dispatch.parked.unpark(1);
    await dispatch.progress(dispatch.workers[1]);
    await dispatch.request();
    dispatch.rig.clock.time += HELD_UP_MS;
    dispatch.workers[1].words.inFlight = 1;
    vi.advanceTimersByTime(1);
    await dispatch.rounds();
    expect(dispatch.wakes).toEqual([0, 0]);
  });

  test('wakes another worker if the one that is awake runs a heavy handler', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.parked.unpark(1);
    await dispatch.progress(dispatch.workers[1]);
    dispatch.workers[1].words.isHeavy = true;
    await dispatch.request();
    expect(dispatch.wakes).toEqual([1, 0]);
  });

  test('that nobody can take leaves main asleep, with its bell set', async () => {
    using dispatch = await DispatchRig.create();
    for (const worker of dispatch.workers) worker.words.inFlight = MAX_IN_FLIGHT;
    await dispatch.request();
    expect(dispatch.bell.takeRing()).toBe(true);
  });
});

describe('a record', () => {
  test('is drained in the next round, and its space given back', async () => {
    using dispatch = await DispatchRig.create();
    const socket = dispatch.rig.connect();
    const [worker] = dispatch.workers;
    socket.receive(REQUEST);
    worker.endTurn(worker.take() ?? -1, TURN_ANSWERED, RESPONSE);
    expect(dispatch.bell.takeRing(), 'main sleeps').toBe(true);
    dispatch.dispatcher.ring();
    await dispatch.rounds();
    expect(socket.taken).toBe(RESPONSE);
    expect(worker.ring.isEmpty).toBe(true);
  });

  test('leaves room for the next, however many there are', async () => {
    using dispatch = await DispatchRig.create();
    const [worker] = dispatch.workers;
    const socket = dispatch.rig.connect();
    socket.receive(REQUEST);
    const number = worker.take() ?? -1;
    const part = 'x'.repeat(worker.writer.largestPayload);
    for (let count = 0; count < 10; count++) {
      worker.sendPart(number, part);
      dispatch.dispatcher.ring();
      await dispatch.rounds();
    }
    expect(socket.taken).toHaveLength(10 * part.length);
  });

  test('that is published while main goes to sleep is found by its second look', async () => {
    using dispatch = await DispatchRig.create();
    const socket = dispatch.rig.connect();
    const [worker] = dispatch.workers;
    socket.receive(REQUEST);
    const number = worker.take() ?? -1;
    const park = dispatch.bell.park.bind(dispatch.bell);
    dispatch.bell.park = () => {
      dispatch.bell.park = park;
      // The worker publishes after the last round and before the bell is set, so it does not ring.
      worker.endTurn(number, TURN_ANSWERED, RESPONSE);
      park();
    };
    dispatch.dispatcher.ring();
    await dispatch.rounds();
    expect(socket.taken).toBe(RESPONSE);
  });

  test('leaves room when it is drained, and the worker that waits for it is rung', async () => {
    using dispatch = await DispatchRig.create();
    const [worker] = dispatch.workers;
    dispatch.rig.connect().receive(REQUEST);
    const number = worker.take() ?? -1;
    worker.sendPart(number, RESPONSE);
    worker.words.setRingWait();
    dispatch.dispatcher.ring();
    await dispatch.rounds();
    expect(worker.wakes).toBe(1);
  });

  test('of a removed worker is not read', async () => {
    using dispatch = await DispatchRig.create();
    const socket = dispatch.rig.connect();
    const [worker] = dispatch.workers;
    socket.receive(REQUEST);
    worker.endTurn(worker.take() ?? -1, TURN_ANSWERED, RESPONSE);
    dispatch.dispatcher.removeWorker(worker);
    dispatch.dispatcher.ring();
    await dispatch.rounds();
    expect(socket.taken).toBe('');
    expect(dispatch.dispatcher.drain(worker), 'but recovery can still drain it').toBe(true);
    expect(socket.taken).toBe(RESPONSE);
  });
});

describe('a heavy request', () => {
  /** A worker gives back a request for a heavy route. @returns the client and the number of its connection */
  async function giveBack(dispatch: DispatchRig) {
    const [worker] = dispatch.workers;
    worker.words.inFlight = 1;
    const socket = dispatch.rig.connect();
    socket.receive(REQUEST);
    dispatch.parked.unpark(worker.slot);
    const number = worker.take() ?? -1;
    worker.endTurn(number, TURN_HEAVY, '', 0);
    dispatch.rig.drain(worker);
    for (const connection of dispatch.rig.heavy) dispatch.dispatcher.addHeavy(connection);
    await dispatch.rounds();
    return { socket, number };
  }

  const stateIn = ({ rig }: DispatchRig, number: number) => stateOf(rig.table.stateWord(number));

  test('goes to a parked worker without handlers in flight, if there is one', async () => {
    using dispatch = await DispatchRig.create();
    const { number } = await giveBack(dispatch);
    expect(dispatch.workers[1].messages).toEqual([{ type: 'serve', connection: number }]);
    expect(dispatch.workers[0].messages).toEqual([]);
    expect(dispatch.parked.isParked(1)).toBe(false);
    expect(dispatch.rig.queue.length).toBe(0);
    expect(dispatch.rig.registry.byNumber(number)?.isHandedTo(1)).toBe(true);
  });

  test('waits while no worker is parked, and goes to the first that parks', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.parked.unpark(1);
    const { number } = await giveBack(dispatch);
    expect(dispatch.workers[1].messages).toEqual([]);
    expect(stateIn(dispatch, number)).toBe(STATE_READY);
    dispatch.parked.park(1);
    dispatch.dispatcher.ring();
    await dispatch.rounds();
    expect(dispatch.workers[1].messages).toEqual([{ type: 'serve', connection: number }]);
  });

  test('goes to the parked worker with the fewest handlers in flight, if all have some', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.workers[1].words.inFlight = 3;
    const { number } = await giveBack(dispatch);
    expect(dispatch.workers[1].messages).toEqual([{ type: 'serve', connection: number }]);
    expect(dispatch.rig.queue.length).toBe(0);
  });

  test('goes to any worker after HEAVY_PATIENCE_MS if none is parked, and that worker runs it', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.parked.unpark(1);
    const { number } = await giveBack(dispatch);
    dispatch.rig.clock.time += PATIENCE_MS;
    vi.advanceTimersByTime(1);
    await dispatch.rounds();
    expect(dispatch.rig.queue.length).toBe(0);
    dispatch.rig.clock.time += 1;
    await dispatch.rounds();
    expect(dispatch.rig.queue.length, 'main sleeps').toBe(0);
    vi.advanceTimersByTime(PATIENCE_MS + 1);
    await dispatch.rounds();
    expect(dispatch.rig.queue.length).toBe(1);
    expect(dispatch.rig.table.request(number) & REQUEST_INSIST).toBe(REQUEST_INSIST);
  });

  test('whose client is gone is queued, so that a worker gives its number back', async () => {
    using dispatch = await DispatchRig.create();
    dispatch.parked.unpark(1);
    const { socket } = await giveBack(dispatch);
    socket.close();
    dispatch.parked.park(1);
    dispatch.dispatcher.ring();
    await dispatch.rounds();
    expect(dispatch.rig.queue.length).toBe(1);
    expect(dispatch.workers[1].messages).toEqual([]);
  });
});

test('a stopped dispatcher has no more rounds', async () => {
  using dispatch = await DispatchRig.create();
  dispatch.dispatcher.stop();
  await dispatch.request();
  expect(dispatch.wakes).toEqual([0, 0]);
});
