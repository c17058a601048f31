/** Request bodies that are streamed to their handlers: whole ones, and those that try to get in. */
import { createHash, randomBytes } from 'node:crypto';
import { BroadcastChannel, type Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from '../../../src/runtime/server/server.ts';
import { effort } from '../../support/effort.ts';
import { ConnectionEndedError, getRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { expectRest, startServer } from './support/start.ts';

const APP = new URL('./fixtures/uploads-app.ts', import.meta.url).href;
/** Far larger than a body in one piece may be, and than the memory for requests. */
const LARGE = randomBytes(9 * 1_048_576 + 11);
const MAX_BODY_BYTES = 10_000;
const KILLS = effort(20, 300);

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const summary = (bytes: Uint8Array) => ({ length: bytes.length, sha256: sha256(bytes) });

function head(path: string, fields: string, method = 'POST'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
}

const sized = (path: string, length: number, fields = '') => head(path, `Content-Length: ${length}${fields}`);

const chunkedHead = (path: string) => head(path, 'Transfer-Encoding: chunked');

function chunks(bytes: Uint8Array, size: number, extension = ''): Buffer {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    const chunk = bytes.subarray(start, start + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** What the application tells. */
class Listener implements Disposable {
  readonly told: string[] = [];
  readonly #channel: BroadcastChannel;

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: { data: unknown }) => this.told.push(String(data));
  }

  goOn(): void {
    this.#channel.postMessage('go on');
  }

  async hears(what: string): Promise<void> {
    await until(`the application tells "${what}"`, () => this.told.includes(what));
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}

describe('a streamed body', () => {
  let server: Server;
  const name = `uploads-${process.pid}-${Math.random()}`;

  beforeAll(async () => {
    server = await startServer({
      app: APP,
      maxBodyBytes: MAX_BODY_BYTES,
      inboundMemoryMb: 4,
      requestTimeoutMs: 60_000,
      environment: { ...process.env, UPLOADS: name },
    });
  });

  afterAll(async () => {
    await expectRest(server);
    await server.close();
  });

  test.each(['/digest', '/echo'])(
    'of announced length arrives whole at %s, for many at once',
    async (path) => {
      const answers = await Promise.all(
        Array.from({ length: 4 }, async (_, index) => {
          const body = LARGE.subarray(index);
          const response = await fetch(`${server.url}${path}`, { method: 'POST', body });
          expect(response.status).toBe(200);
          const bytes = new Uint8Array(await response.arrayBuffer());
          return path === '/echo' ? summary(bytes) : JSON.parse(Buffer.from(bytes).toString());
        }),
      );
      for (const [index, answer] of answers.entries()) expect(answer).toEqual(summary(LARGE.subarray(index)));
    },
  );

  test.each([
    [1, 3_000, ''],
    [9, 100_000, ';a="b;c"'],
    [70_000, LARGE.length, ''],
  ])('in chunks of %i bytes arrives whole, and the connection persists', async (size, length, extension) => {
    using client = await RawClient.connect(server.port);
    const body = LARGE.subarray(0, length);
    for (let times = 0; times < 2; times++) {
      client.send(chunkedHead('/digest'));
      client.send(chunks(body, size, extension));
      const answer = await client.next();
      expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([200, summary(body)]);
      expect(answer.headers['connection']).toBeUndefined();
    }
    expect((await client.get('/hello')).body.toString()).toBe('hello');
  });

  test('that is small and comes with its head is read alike', async () => {
    using client = await RawClient.connect(server.port);
    const body = LARGE.subarray(0, 100);
    client.send(Buffer.concat([Buffer.from(sized('/digest', 100)), body]));
    client.send(Buffer.concat([Buffer.from(chunkedHead('/digest')), chunks(body, 7)]));
    client.send(sized('/digest', 0));
    client.send(getRequest('/hello').replace('GET /hello', 'POST /digest'));
    for (const bytes of [body, body, new Uint8Array(0), new Uint8Array(0)]) {
      expect(JSON.parse((await client.next()).body.toString())).toEqual(summary(bytes));
    }
    const elsewhere = await fetch(`${server.url}/whole-route`, { method: 'POST', body });
    expect(await elsewhere.json()).toEqual(summary(body));
  });

  test.each([
    ['sized', (body: Buffer) => Buffer.concat([Buffer.from(sized('/digest', body.length)), body])],
    ['chunked', (body: Buffer) => Buffer.concat([Buffer.from(chunkedHead('/digest')), chunks(body, 5_000)])],
  ])('that is %s is followed by pipelined requests, however its bytes are split', async (_name, encode) => {
    for (const length of [9_999, 10_001, 65_000, 131_072, 300_000]) {
      using client = await RawClient.connect(server.port);
      const body = LARGE.subarray(0, length);
      const upload = encode(body);
      const all = Buffer.concat([
        Buffer.from(getRequest('/hello')),
        upload,
        Buffer.from(getRequest('/hello')),
        upload,
      ]);
      const cut = Math.floor(all.length * Math.random());
      await client.sendSegment(all.subarray(0, cut));
      client.send(all.subarray(cut));
      client.send(getRequest('/hello'));
      expect((await client.next()).body.toString()).toBe('hello');
      expect(JSON.parse((await client.next()).body.toString())).toEqual(summary(body));
      expect((await client.next()).body.toString()).toBe('hello');
      expect(JSON.parse((await client.next()).body.toString())).toEqual(summary(body));
      expect((await client.next()).body.toString()).toBe('hello');
    }
  });

  test('that comes byte by byte arrives whole', async () => {
    using client = await RawClient.connect(server.port);
    const text = `${chunkedHead('/digest')}3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n${getRequest('/hello')}`;
    for (const byte of text) await client.sendSegment(byte);
    expect(JSON.parse((await client.next()).body.toString())).toEqual(summary(Buffer.from('abcde')));
    expect((await client.next()).body.toString()).toBe('hello');
  });

  test('is asked for with 100 Continue once the handler reads, and not before', async () => {
    using client = await RawClient.connect(server.port);
    const expects = '\r\nExpect: 100-continue';
    client.send(sized('/digest', 20_000, expects));
    expect((await client.next()).status).toBe(100);
    client.send(LARGE.subarray(0, 20_000));
    expect(JSON.parse((await client.next()).body.toString())).toEqual(summary(LARGE.subarray(0, 20_000)));
    client.send(sized('/private', 20_000, expects));
    const refused = await client.next();
    expect([refused.status, refused.headers['connection']]).toEqual([401, 'close']);
    await client.end();
  });

  test.each([
    ['/unread', 200, 'not read'],
    ['/first', 200, '{"first":true}'],
    ['/fail', 500, 'Internal Server Error'],
    ['/private', 401, 'Nobody may'],
    ['/whole', 500, 'Internal Server Error'],
  ])('that %s leaves unread is no next request: the connection closes', async (path, status, text) => {
    using client = await RawClient.connect(server.port);
    client.send(sized(path, 30_000));
    client.send(getRequest('/hello').repeat(100));
    const answer = await client.next();
    expect([answer.status, answer.headers['connection']]).toEqual([status, 'close']);
    expect(answer.body.toString()).toContain(text);
    expect((await client.end()).toString()).toBe('');
  });

  test('beyond the bound of its route is 413', async () => {
    const tooLarge = [
      sized('/small', 11).replace('POST', 'PUT'),
      sized('/small', 2_000_000_000).replace('POST', 'PUT'),
      sized('/digest', 2 ** 31),
      sized('/digest', 10 ** 15),
      `${chunkedHead('/small').replace('POST', 'PUT')}b\r\n`,
      `${chunkedHead('/small').replace('POST', 'PUT')}5\r\nabcde\r\n6\r\n`,
      `${chunkedHead('/digest')}fffffffffffffffffff\r\n`,
      sized('/whole-route', MAX_BODY_BYTES + 1),
    ];
    for (const text of tooLarge) {
      using client = await RawClient.connect(server.port);
      client.send(text);
      expect([text, (await client.final()).status]).toEqual([text, 413]);
      await client.end();
    }
  });

  test.each([
    ['a chunk that is longer than it says', '3\r\nabcd\r\n0\r\n\r\n', 400],
    ['a chunk that is shorter than it says', '5\r\nabc\r\n0\r\n\r\n', 400],
    ['a size that is none', 'x\r\n', 400],
    ['a negative size', '-1\r\n', 400],
    ['an extension without end', `1;${'a'.repeat(5000)}`, 400],
    ['a bare line feed', '1\na\r\n0\r\n\r\n', 400],
    ['a trailer that is none', '0\r\n no field\r\n\r\n', 400],
    ['trailers without end', `0\r\n${'a: b\r\n'.repeat(5000)}`, 431],
    ['far more framing than content', `${`1;${'a'.repeat(500)}\r\nx\r\n`.repeat(100)}0\r\n\r\n`, 413],
  ])('with %s is refused, whether it comes at once or behind its head', async (_name, body, status) => {
    for (const begin of ['', '2\r\nok\r\n']) {
      using client = await RawClient.connect(server.port);
      // The handler reads, and waits for the rest.
      client.send(chunkedHead('/digest').replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'));
      expect((await client.next()).status).toBe(100);
      client.send(`${begin}${body}`);
      const answer = await client.next();
      expect([answer.status, answer.headers['connection']]).toEqual([status, 'close']);
      await client.end();
    }
    using client = await RawClient.connect(server.port);
    client.send(`${chunkedHead('/digest')}${body}`);
    expect((await client.next()).status).toBe(status);
    await client.end();
  });

  test('that ends early by FIN is 400', async () => {
    for (const text of [`${sized('/digest', 20_000)}abc`, `${chunkedHead('/digest')}5\r\nab`]) {
      using client = await RawClient.connect(server.port);
      client.send(text);
      client.halfClose();
      expect((await client.final()).status).toBe(400);
      await client.end();
    }
  });

  test('whose client goes away ends its handler', async () => {
    using listener = new Listener(name);
    const client = await RawClient.connect(server.port);
    client.send(`${sized('/watched', 20_000)}abc`);
    await listener.hears('piece');
    client.reset();
    await listener.hears('AbortError');
  });

  test('that its handler reads slowly is not read from its client, and arrives whole', async () => {
    using listener = new Listener(name);
    using client = await RawClient.connect(server.port);
    const body = Buffer.alloc(32 * 1_048_576);
    client.send(sized('/slow', body.length));
    client.socket.write(body);
    await listener.hears('piece');
    // The kernel and a few pieces hold what was sent. The rest waits in the client.
    await until('the client has to wait', () => client.socket.writableLength > 0);
    expect(server.usage.inboundBytes).toBeLessThan(1_048_576);
    const pace = setInterval(() => listener.goOn(), 1);
    const answer = await client.next();
    clearInterval(pace);
    expect(JSON.parse(answer.body.toString())).toEqual({ length: body.length });
  });

  test('whose worker dies is 500, and its rest is no request', async () => {
    using client = await RawClient.connect(server.port);
    client.send(`${sized('/exit', 30_000)}abc`);
    client.send(getRequest('/hello').repeat(100));
    const answer = await client.next();
    expect([answer.status, answer.headers['connection']]).toEqual([500, 'close']);
    expect((await client.end()).toString()).toBe('');
  });
});

describe('a streamed body in limited time', () => {
  test('that stalls is 408, and one that trickles too', async () => {
    const server = await startServer({ app: APP, maxBodyBytes: MAX_BODY_BYTES, requestTimeoutMs: 200 });
    using silent = await RawClient.connect(server.port);
    silent.send(`${sized('/digest', 20_000)}abc`);
    using trickling = await RawClient.connect(server.port);
    trickling.send(`${sized('/digest', 20_000)}abc`);
    const drops = setInterval(() => trickling.send('x'), 20);
    expect((await silent.next()).status).toBe(408);
    expect((await trickling.next()).status).toBe(408);
    clearInterval(drops);
    await Promise.all([silent.end(), trickling.end()]);
    await expectRest(server);
    await server.close();
  });

  test('may take longer than a handler, whose own time is still bounded', async () => {
    const server = await startServer({ app: APP, maxBodyBytes: MAX_BODY_BYTES, handlerTimeoutMs: 400 });
    using slow = await RawClient.connect(server.port);
    slow.send(sized('/digest', 11_000));
    using hanging = await RawClient.connect(server.port);
    hanging.send(`${sized('/never', 20_000)}abc`);
    // It comes long after the slow client has begun.
    expect((await hanging.next()).status).toBe(504);
    slow.send(LARGE.subarray(0, 11_000));
    expect(JSON.parse((await slow.next()).body.toString())).toEqual(summary(LARGE.subarray(0, 11_000)));
    await hanging.end();
    slow.halfClose();
    await slow.end();
    await expectRest(server);
    await server.close();
  });

  test('leaves half of the places to other requests', async () => {
    const server = await startServer({ app: APP, maxBodyBytes: MAX_BODY_BYTES, workers: 1, maxInFlight: 4 });
    const clients: RawClient[] = [];
    for (let index = 0; index < 2; index++) {
      const client = await RawClient.connect(server.port);
      clients.push(client);
      client.send(sized('/digest', 20_000, '\r\nExpect: 100-continue'));
      expect((await client.next()).status).toBe(100);
    }
    using another = await RawClient.connect(server.port);
    another.send(`${sized('/digest', 20_000)}abc`);
    const refused = await another.next();
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    using other = await RawClient.connect(server.port);
    expect((await other.get('/hello')).status).toBe(200);
    for (const client of clients) {
      client.send(LARGE.subarray(0, 20_000));
      expect((await client.next()).status).toBe(200);
      client.halfClose();
      await client.end();
    }
    other.halfClose();
    await Promise.all([another.end(), other.end()]);
    await expectRest(server, 1);
    await server.close();
  });
});

describe('streamed bodies while workers are killed', () => {
  test('are answered once, by their digest or by an error, and never run as requests', async () => {
    const threads = new Set<Worker>();
    const onWorker = (worker: Worker): void => {
      threads.add(worker);
      worker.once('exit', () => threads.delete(worker));
    };
    process.on('worker', onWorker);
    const server = await startServer({ app: APP, maxBodyBytes: MAX_BODY_BYTES, inboundMemoryMb: 4 });
    // If a rest of it were taken for a request, the answer would be seen.
    const body = Buffer.from(getRequest('/hello').repeat(8_000));
    const outcomes = { whole: 0, failed: 0, cut: 0 };
    let isOver = false;

    const send = async (): Promise<void> => {
      while (!isOver) {
        using client = await RawClient.connect(server.port);
        client.send(sized('/digest', body.length));
        client.send(body);
        client.halfClose();
        try {
          const answer = await client.final();
          expect([200, 500, 503]).toContain(answer.status);
          if (answer.status === 200) expect(JSON.parse(answer.body.toString())).toEqual(summary(body));
          outcomes[answer.status === 200 ? 'whole' : 'failed']++;
          expect((await client.end()).toString()).toBe('');
        } catch (error) {
          if (!(error instanceof ConnectionEndedError)) throw error;
          outcomes.cut++;
        }
      }
    };
    const clients = Array.from({ length: 6 }, send);
    for (let kills = 0; kills < KILLS; kills++) {
      const answered = outcomes.whole;
      await until('another body has arrived', () => outcomes.whole > answered);
      void [...threads].at(Math.floor(Math.random() * threads.size))?.terminate();
    }
    isOver = true;
    await Promise.all(clients);
    process.off('worker', onWorker);
    await until('the pool is complete', () => server.usage.workers === 2);
    await expectRest(server);
    await server.close();
    expect(outcomes.whole).toBeGreaterThanOrEqual(KILLS);
    // A worker that dies has an answer, so nothing is cut.
    expect(outcomes.cut).toBe(0);
  });
});
