/** What one client is sent while it catches up, and changes arrive at the same time. */
import { expect, test } from 'vitest';
import type { Change } from '../../../src/cloudvm/events/change.ts';
import { ChangePoller } from '../../../src/cloudvm/events/change-poller.ts';
import { EventHub } from '../../../src/cloudvm/events/event-hub.ts';
import { parseEventId } from '../../../src/cloudvm/events/event-id.ts';
import { EventStream, MAX_WAITING } from '../../../src/cloudvm/events/event-stream.ts';

const now = Date.now();

function vm(version: number, id = 'a'): Change {
  return {
    ownerId: 'owner',
    time: now + version,
    key: `vm ${id} ${version}`,
    resource: id,
    version,
    event: 'vm',
    data: JSON.stringify({ id, version }),
  };
}

function vmDeleted(id = 'a'): Change {
  return {
    ownerId: 'owner',
    time: now,
    key: `vm-deleted ${id}`,
    resource: id,
    version: Number.MAX_SAFE_INTEGER,
    event: 'vm-deleted',
    data: JSON.stringify({ id }),
  };
}

/** A stream whose client has missed some changes, to which others were pushed before it has read those. */
async function sentTo(missed: readonly Change[], pushed: readonly Change[]): Promise<unknown[]> {
  const end = vm(9, 'end');
  const stream = new EventStream({
    position: { since: now - 1_000, marks: new Set() },
    readSince: async () => {
      for (const change of [...pushed, end]) stream.push(change);
      return { changes: missed, moreSince: undefined };
    },
    signal: new AbortController().signal,
    onClose: () => {},
  });
  const sent: unknown[] = [];
  for await (const { event, data } of stream) {
    if (data === end.data) break;
    if (data === undefined) continue;
    sent.push([event, JSON.parse(data)]);
  }
  return sent;
}

test('a state that is older than what the client has missed is not sent after it', async () => {
  expect(await sentTo([vm(3)], [vm(2), vm(4)])).toEqual([
    ['vm', { id: 'a', version: 3 }],
    ['vm', { id: 'a', version: 4 }],
  ]);
});

test('what was deleted does not come back', async () => {
  expect(await sentTo([vmDeleted()], [vm(2)])).toEqual([['vm-deleted', { id: 'a' }]]);
});

test('a client that reads too slowly is let go, and comes back for what it has not seen', async () => {
  const changes = Array.from({ length: MAX_WAITING + 2 }, (_, index) => vm(1, `vm-${index}`));
  let closed = 0;
  const options = { signal: new AbortController().signal, onClose: () => closed++ };
  const stream = new EventStream({
    ...options,
    position: { since: now - 1_000, marks: new Set() },
    readSince: async () => ({ changes: [], moreSince: undefined }),
  });
  const events = stream[Symbol.asyncIterator]();
  const first = await events.next();
  for (const change of changes) stream.push(change);
  expect(closed).toBe(1);
  expect(await events.next(), 'what waited is dropped').toMatchObject({ done: true });

  const again = new EventStream({
    ...options,
    position: parseEventId(first.value?.id ?? '') ?? { since: Number.NaN, marks: new Set() },
    readSince: async () => ({ changes, moreSince: undefined }),
  });
  let seen = 0;
  for await (const { event } of again) {
    if (event === 'vm') seen += 1;
    if (seen === changes.length) break;
  }
  expect(seen).toBe(changes.length);
});

test('a request that was broken off before its stream began leaves nothing behind', async () => {
  await using hub = new EventHub({
    database: 'a database that nobody has',
    reader: { read: async () => ({ changes: [], moreSince: undefined }) },
    watch: () => ({ [Symbol.asyncDispose]: async () => {} }),
    onError: () => {},
  });
  // More than a user may have.
  for (let index = 0; index < 5; index += 1) hub.open('owner', undefined, AbortSignal.abort());
});

test('a write that ends after the streams of its worker is no error', async () => {
  const { promise: isRead, resolve } = Promise.withResolvers<void>();
  const hub = new EventHub({
    database: 'another database that nobody has',
    reader: {
      read: async () => {
        resolve();
        return { changes: [], moreSince: undefined };
      },
    },
    watch: () => ({ [Symbol.asyncDispose]: async () => {} }),
    onError: () => {},
  });
  hub.open('owner', undefined, new AbortController().signal);
  await isRead;
  await hub[Symbol.asyncDispose]();
  // The runner of operations stops after the streams, and its last writes are changes too.
  hub.written();
});

test('a worker that takes over goes on where the one before it has ended', async () => {
  const open = (sinces: number[], onRead: () => void) =>
    new EventHub({
      database: 'a third database that nobody has',
      reader: {
        read: async (_, since) => {
          sinces.push(since);
          onRead();
          return { changes: [], moreSince: undefined };
        },
      },
      watch: () => ({ [Symbol.asyncDispose]: async () => {} }),
      onError: () => {},
      pollIntervalMs: 1,
    });
  const enough = Promise.withResolvers<void>();
  const takenOver = Promise.withResolvers<void>();
  const before: number[] = [];
  const after: number[] = [];
  const first = open(before, () => before.length === 10 && enough.resolve());
  first.open('owner', undefined, new AbortController().signal);
  await using second = open(after, () => takenOver.resolve());
  second.open('owner', undefined, new AbortController().signal);
  await enough.promise;
  await first[Symbol.asyncDispose]();
  await takenOver.promise;
  // Its own stream has been open for longer, and has been sent all of that time.
  expect(after[0]).toBeGreaterThanOrEqual(before[5] ?? Number.POSITIVE_INFINITY);
});

test('a read of several pages is not over before its last one', async () => {
  const untils: number[] = [];
  const controller = new AbortController();
  const begun = Date.now();
  const pages = [begun - 5, undefined];
  const poller = new ChangePoller({
    reader: { read: async () => ({ changes: [], moreSince: pages.shift() }) },
    lockName: 'a lock that nobody has',
    ownerIds: () => ['owner'],
    onRead: (until) => {
      untils.push(until);
      if (untils.length === 3) controller.abort();
    },
    onError: () => {},
    watch: () => ({ [Symbol.asyncDispose]: async () => {} }),
  });
  await poller.run(() => begun - 1_000, controller.signal);
  // If the worker dies in between, whoever takes over must read the second page.
  expect(untils.slice(0, 2)).toEqual([begun - 1_000, begun - 1_000]);
  expect(untils[2]).toBeGreaterThanOrEqual(begun);
});
