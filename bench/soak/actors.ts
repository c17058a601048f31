/**
 * The actors of the soak. Some use the server as it is meant to be used, and check every byte. The others are
 * what a server meets: clients that leave, read slowly or send nonsense, and handlers that fail in every way.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { getRequest, postRequest, type RawResponse } from '../../test/support/raw-client.ts';
import { open, SoakClient } from './client.ts';
import type { Tally } from './tally.ts';

export interface Stage {
  readonly port: number;
  readonly tally: Tally;
  readonly isOver: () => boolean;
  /** Replaces all workers. */
  readonly reload: () => void;
}

type Actor = (stage: Stage) => Promise<void>;

const is =
  (...statuses: readonly number[]) =>
  ({ status }: RawResponse) =>
    statuses.includes(status);

/** A safe request is run again when its worker dies, so it must succeed. */
const reader: Actor = async ({ port, tally, isOver }) => {
  using client = new SoakClient(port, tally);
  for (let number = 0; !isOver(); number++) {
    const expected = `{"a":"soak","b":"${number}"}`;
    await client.ask('GET', getRequest(`/params/soak/${number}`), ({ status, body }) => {
      return status === 200 && body.toString() === expected;
    });
    if (number % 50 === 49) {
      // It may wait on a worker that another request holds up beyond the deadline of both.
      await client.ask('GET after a wait', getRequest('/wait?ms=5'), is(200, 504));
    }
    await delay(2);
  }
};

/** An unsafe request is not run again. It may get 500 when its worker dies. */
const writer: Actor = async ({ port, tally, isOver }) => {
  using client = new SoakClient(port, tally);
  while (!isOver()) {
    const body = randomBytes(1 + Math.floor(Math.random() * 20_000)).toString('hex');
    await client.ask('POST', postRequest('/echo', body), (response) => {
      return response.status === 500 || (response.status === 200 && response.body.toString() === body);
    });
    await delay(5);
  }
};

const slowReader: Actor = async ({ port, tally, isOver }) => {
  while (!isOver()) {
    const socket = await open(port);
    let received = 0;
    socket.on('data', (bytes) => {
      received += bytes.length;
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write(getRequest('/big?bytes=3000000', 'Connection: close\r\n'));
    await ended;
    const isWhole = received > 3_000_000;
    // Its worker may die meanwhile.
    tally.count('slow reader', isWhole || received < 3_000_200 ? 'right' : `${received} bytes`);
  }
};

/** Clients that go away, or send what is no request. */
const rude: Actor = async ({ port, tally, isOver }) => {
  const NONSENSE = [
    'GET\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    '\x00\x01\x02\x03\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
  ];
  for (let round = 0; !isOver(); round++) {
    using client = new SoakClient(port, tally);
    await client.ask('nonsense', NONSENSE[round % NONSENSE.length] ?? '', is(400));
    const leaving = await open(port);
    leaving.write(getRequest(round % 2 === 0 ? '/wait?ms=50' : '/stream?chunks=100000&ms=0'));
    await delay(20);
    if (round % 3 === 0) leaving.resetAndDestroy();
    else leaving.destroy();
    const partial = await open(port);
    partial.write(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(30_000)}`);
    await delay(10);
    partial.destroy();
    const unread = await open(port);
    unread.pause();
    unread.write(getRequest('/stream?chunks=1000000&ms=0'));
    await delay(200);
    unread.destroy();
  }
};

/** Handlers that fail. A route that ends its workers again and again is cut off, with 503. */
const failing: Actor = async ({ port, tally, isOver }) => {
  const FAILURES: readonly (readonly [string, readonly number[]])[] = [
    ['/throw', [500]],
    ['/reject', [500]],
    ['/late', [200]],
    ['/exit', [500, 503]],
    ['/oom?shape=objects', [500, 503, 504]],
    ['/spin', [504, 503]],
    ['/oom?shape=buffers', [500, 503, 504]],
    ['/oom?shape=growing', [500, 503, 504]],
  ];
  using client = new SoakClient(port, tally);
  for (let round = 0; !isOver(); round++) {
    const [path, statuses] = FAILURES[round % FAILURES.length] ?? ['/throw', [500]];
    await client.ask(path, getRequest(path), is(...statuses));
    await delay(250);
  }
};

const reloading: Actor = async ({ isOver, reload }) => {
  for (let seconds = 0; !isOver(); seconds++) {
    if (seconds % 20 === 10) reload();
    await delay(1_000);
  }
};

export const ACTORS: readonly Actor[] = [
  ...Array.from({ length: 8 }, () => reader),
  ...Array.from({ length: 4 }, () => writer),
  slowReader,
  slowReader,
  rude,
  rude,
  failing,
  reloading,
];
