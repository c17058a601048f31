/** Who is next in the hashing line, and who is refused. The hashes are promises of the test. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  type HashingClient,
  HashingLine,
  HashingLineFullError,
  lineCapacity,
} from '../../../../../src/cloudvm/accounts/passwords/line/hashing-line.ts';
import {
  makeHashingBuffer,
  PLACES,
  viewHashingMemory,
} from '../../../../../src/cloudvm/accounts/passwords/line/hashing-memory.ts';
import { OTHERS, WaitingPlaces } from '../../../../../src/cloudvm/accounts/passwords/line/waiting-places.ts';

interface Stage {
  /** Of two workers. */
  readonly lines: readonly [HashingLine, HashingLine];
  /** The names of those who were served, in order. */
  readonly served: string[];
  /** A client comes, and gives its slot back when it is told to. */
  come(name: string, client: HashingClient, worker?: 0 | 1): Promise<void>;
  /** Lets the next ones finish, one after the other. */
  finish(count: number): Promise<void>;
  readonly memory: ReturnType<typeof viewHashingMemory>;
}

function stage(capacity = PLACES, maxWaitMs = 60_000): Stage {
  const memory = viewHashingMemory(makeHashingBuffer(1));
  const open = () => new HashingLine({ capacity, maxWaitMs, memory });
  const lines = [open(), open()] as const;
  const served: string[] = [];
  const holding: (() => void)[] = [];
  let arrived = Promise.withResolvers<void>();
  return {
    lines,
    served,
    memory,
    async come(name, client, worker = 0) {
      const { slot } = await lines[worker].acquire(client);
      served.push(name);
      holding.push(() => slot[Symbol.dispose]());
      arrived.resolve();
      arrived = Promise.withResolvers();
    },
    async finish(count) {
      for (let finished = 0; finished < count; finished++) {
        while (holding.length === 0) await arrived.promise;
        holding.shift()?.();
        await turn();
      }
      while (holding.length === 0 && served.length < count) await arrived.promise;
    },
  };
}

const of = (flow: string, isKnown = false): HashingClient => ({ flow, isKnown });

describe('the hashing line', () => {
  test('serves in order of arrival, also across workers, and nobody overtakes', async () => {
    const { come, finish, served } = stage();
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, index) =>
      come(name, of(name), (index % 2) as 0 | 1),
    );
    await finish(6);
    await Promise.all(all);
    expect(served).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('serves a client that comes late after one hash of each other client, however many those want', async () => {
    const { come, finish, served } = stage();
    const all = Array.from({ length: 30 }, (_, index) =>
      come(`flood${index}`, of('flood'), (index % 2) as 0 | 1),
    );
    await finish(1);
    all.push(come('late', of('home'), 1));
    await finish(30);
    await Promise.all(all);
    expect(served.indexOf('late')).toBeLessThanOrEqual(3);
  });

  test('lets known clients and others take turns', async () => {
    const { come, finish, served } = stage();
    const others = Array.from({ length: 20 }, (_, index) => come('other', of(`network${index}`)));
    const known = Array.from({ length: 4 }, (_, index) => come('known', of(`account${index}`, true)));
    await finish(24);
    await Promise.all([...others, ...known]);
    expect(served.slice(0, 9)).toEqual([
      'other',
      'known',
      'other',
      'known',
      'other',
      'known',
      'other',
      'known',
      'other',
    ]);
  });

  test('keeps places for known clients, however many others wait', async () => {
    const { come, finish } = stage(16);
    const others = await settled(
      Array.from({ length: 100 }, (_, index) => () => come('other', of(`network${index}`))),
    );
    expect(others.refused.length).toBeGreaterThan(80);
    for (const { reason } of others.refused) expect(reason).toBeInstanceOf(HashingLineFullError);
    const known = await settled(
      Array.from({ length: 3 }, (_, index) => () => come('known', of(`account${index}`, true))),
    );
    expect(known.refused).toEqual([]);
    await finish(100 - others.refused.length + 3);
    await Promise.all([...others.waiting, ...known.waiting]);
  });

  test('lets one client have half of the places, and leaves the others for others', async () => {
    const { come, finish } = stage(32);
    const flood = await settled(Array.from({ length: 100 }, () => () => come('flood', of('flood', true))));
    expect(flood.waiting.length).toBe(16);
    const other = await settled([() => come('other', of('home', true))]);
    expect(other.refused).toEqual([]);
    await finish(17);
    await Promise.all([...flood.waiting, ...other.waiting]);
  });

  test('serves many simultaneous hashes of a single client, if nobody else comes', async () => {
    const { come, finish } = stage(lineCapacity(8));
    const all = Array.from({ length: 32 }, () => come('home', of('home')));
    await finish(32);
    await Promise.all(all);
  });

  test('refuses with the time that those who wait will take', async () => {
    const { come, finish } = stage(PLACES);
    const flood = await settled(
      Array.from({ length: 300 }, (_, index) => () => come('', of(`network${index}`))),
    );
    const [first] = flood.refused;
    // 144 places of 40 ms, with one slot.
    expect(first?.reason).toMatchObject({ retryAfterSeconds: 6 });
    await finish(flood.waiting.length);
    await Promise.all(flood.waiting);
  });

  test('refuses who has waited for too long', async () => {
    const { come, finish, lines } = stage(PLACES, 1);
    await come('first', of('a'));
    await expect(lines[1].acquire(of('b'))).rejects.toBeInstanceOf(HashingLineFullError);
    await finish(1);
  });

  test('forgets who has left', async () => {
    const { come, finish, lines, memory } = stage();
    const gone = new AbortController();
    await come('first', of('a'));
    const leaving = lines[1].acquire({ ...of('b'), signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    expect(new WaitingPlaces(memory, PLACES).waiting).toBe(0);
    await finish(1);
  });

  test('leaves a place alone that has another holder since', () => {
    const { memory } = stage();
    const places = new WaitingPlaces(memory, PLACES);
    const past = process.hrtime.bigint() - 1n;
    const place = places.enter({ ticket: 1n, flow: 0, clientClass: OTHERS }, past);
    const soon = process.hrtime.bigint() + 60_000_000_000n;
    expect(places.enter({ ticket: 2n, flow: 0, clientClass: OTHERS }, soon)).toBe(place);
    places.leave(place, past);
    expect(places.waiting).toBe(1);
    places.leave(place, soon);
    expect(places.waiting).toBe(0);
  });

  test('goes on although a worker has died in it, and frees its place', async () => {
    const { come, finish, memory } = stage();
    const places = new WaitingPlaces(memory, PLACES);
    const soon = process.hrtime.bigint() + 600_000_000n;
    places.enter({ ticket: 1n, flow: 0, clientClass: OTHERS }, soon);
    await come('a', of('a'));
    const next = come('b', of('b'), 1);
    await finish(2);
    await next;
  });
});

test('the line is shorter with few workers, which must have room for other requests', () => {
  expect([1, 2, 8, 64].map(lineCapacity)).toEqual([32, 64, 192, 192]);
});

/** Starts all, and tells at once who was refused. */
async function settled(begin: readonly (() => Promise<void>)[]) {
  const all = begin.map((start) => start());
  const refused: PromiseRejectedResult[] = [];
  const pending = new Set(all);
  for (const one of all) {
    one.then(
      () => undefined,
      (reason) => {
        refused.push({ status: 'rejected', reason });
        pending.delete(one);
      },
    );
  }
  await turn();
  return { refused, waiting: [...pending] };
}
