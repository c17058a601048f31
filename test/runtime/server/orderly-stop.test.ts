/** A stop loses no request, and load balancers can learn of it before. */

import { describe, expect, test } from 'vitest';
import { effort } from '../../support/effort.ts';
import { ConnectionEndedError, getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { ServerProcess } from './support/server-process.ts';
import { Stage } from './support/stage.ts';
import { startServer } from './support/start.ts';

const CLIENTS = effort(16, 64);

interface Outcome {
  readonly answered: number;
  /** It had sent a request, and the connection ended without an answer. */
  readonly lost: boolean;
}

/** Sends one request after the other, until an answer says that the connection closes. */
async function sendOnAndOn(client: RawClient, pauseMs: () => number): Promise<Outcome> {
  for (let answered = 0; ; answered++) {
    if (client.ended) return { answered, lost: false };
    client.send(answered % 2 === 0 ? postRequest('/echo', `${answered}`) : getRequest('/wait?ms=1'));
    try {
      const { status, headers } = await client.next();
      expect(status).toBe(200);
      if (headers['connection'] === 'close') return { answered, lost: false };
    } catch (error) {
      if (!(error instanceof ConnectionEndedError)) throw error;
      return { answered, lost: true };
    }
    const pause = pauseMs();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** A connection for each request, until nobody listens. @returns whether a request was lost */
async function connectOnAndOn(port: number, onAnswer: () => void): Promise<boolean> {
  for (;;) {
    let client: RawClient;
    try {
      client = await RawClient.connect(port);
    } catch {
      return false;
    }
    try {
      client.send(getRequest('/params/a/b', 'Connection: close\r\n'));
      expect((await client.next()).status).toBe(200);
      client.halfClose();
      onAnswer();
    } catch (error) {
      if (!(error instanceof ConnectionEndedError)) throw error;
      return true;
    }
  }
}

describe('a stop', () => {
  test.each([
    ['at once', () => 0],
    ['after up to 30 ms', () => Math.random() * 30],
  ])('loses no request of clients that send the next one %s', async (_, pauseMs) => {
    for (let round = 0; round < effort(2, 10); round++) {
      await using server = await startServer({ workers: 2 });
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, () => RawClient.connect(server.port)),
      );
      let answers = 0;
      const outcomes = clients.map((client) =>
        sendOnAndOn(client, () => {
          answers++;
          return pauseMs();
        }),
      );
      await until('all are at it', () => answers > 4 * CLIENTS);
      const closed = server.close();
      for (const { lost } of await Promise.all(outcomes)) expect(lost).toBe(false);
      for (const client of clients) client.halfClose();
      expect(await closed).toMatchObject({ orderly: true, requests: 0 });
    }
  });

  test.each([1, 4, CLIENTS])(
    'resets none of %i clients that connect anew for each request',
    async (count) => {
      for (let round = 0; round < effort(3, 25); round++) {
        await using server = await startServer({ workers: 2 });
        let answers = 0;
        const outcomes = Array.from({ length: count }, () =>
          connectOnAndOn(server.port, () => {
            answers++;
          }),
        );
        await until('all are at it', () => answers > 4 * count);
        const closed = server.close();
        for (const lost of await Promise.all(outcomes)) expect(lost).toBe(false);
        expect(await closed).toMatchObject({ orderly: true, requests: 0 });
      }
    },
  );

  test('tells the clients whose handlers run that their connection closes', async () => {
    using stage = new Stage();
    await using server = await startServer({ workers: 1 }, stage);
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/hold/one'));
    await stage.cue('started', 'one');
    const closed = server.close();
    stage.release('one');
    const { status, headers } = await client.next();
    expect(status).toBe(200);
    expect(headers['connection']).toBe('close');
    client.halfClose();
    expect(await closed).toMatchObject({ orderly: true });
  });

  test('serves clients that have connected and sent before, and were not accepted yet', async () => {
    await using server = await startServer({ workers: 1 });
    const clients = Array.from({ length: 8 }, async () => {
      using client = await RawClient.connect(server.port);
      client.send(getRequest('/health'));
      return (await client.next()).status;
    });
    // They connect in this turn of the event loop, which is also the server's.
    await new Promise(setImmediate);
    const closed = server.close();
    const statuses = await Promise.allSettled(clients);
    // One that comes after the socket has closed is refused, which it can tell from a lost request.
    for (const outcome of statuses) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toBe(200);
      else expect(String(outcome.reason)).toContain('ECONNREFUSED');
    }
    await closed;
  });
});

describe('SHUTDOWN_DELAY_MS', () => {
  test('lets the server serve on while its readiness says that it stops', async () => {
    await using server = await startServer({ workers: 1, shutdownDelayMs: 60_000 });
    using client = await RawClient.connect(server.port);
    const isStopping = async () => JSON.parse((await client.get('/pool')).body.toString()).isStopping;
    expect(await isStopping()).toBe(false);
    const closed = server.close();
    expect(await isStopping()).toBe(true);
    const { status, headers } = await client.get('/health');
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('connection');
    using late = await RawClient.connect(server.port);
    expect((await late.get('/health')).status).toBe(200);
    expect(server.endDelay()).toBe(true);
    expect((await client.get('/health')).headers['connection']).toBe('close');
    client.halfClose();
    late.halfClose();
    expect(await closed).toMatchObject({ orderly: true });
  });

  test('ends at a second signal, and the last line of the log says how the process ended', async () => {
    await using server = new ServerProcess({ SHUTDOWN_DELAY_MS: '60000' });
    using client = await RawClient.connect(await server.port);
    await server.complete;
    server.child.kill('SIGTERM');
    await until('it stops', () => server.output.includes('stopping: SIGTERM'));
    expect((await client.get('/health')).status).toBe(200);
    // A signal within a second would count as the first one, repeated.
    const resend = setInterval(() => server.child.kill('SIGTERM'), 200);
    expect(await server.exitCode()).toBe(0);
    clearInterval(resend);
    expect(server.output.trimEnd().split('\n').at(-1)).toMatch(
      /"ms":\d+,"msg":"stopped; everything ended in order"/,
    );
  });
});
