/**
 * The server as a process, with the test application: signals, exit codes, and handlers that want all memory.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { ServerProcess } from './support/server-process.ts';

const ENDED = 'The worker that has the most memory is ended';

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('the process', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends with code 0 after %s, and finishes pending requests',
    async (signal) => {
      await using server = new ServerProcess({});
      using client = await RawClient.connect(await server.port);
      using idle = await RawClient.connect(await server.port);
      expect((await idle.get('/health')).status).toBe(200);
      // Requests are answered in order, so the second one is being served when the signal comes.
      client.send(getRequest('/health') + postRequest('/echo', 'one') + getRequest('/wait?ms=200'));
      expect((await client.next()).status).toBe(200);
      expect((await client.next()).body.toString()).toBe('one');
      server.child.kill(signal);
      expect((await client.next()).status).toBe(200);
      expect(await client.end()).toHaveLength(0);
      client.halfClose();
      expect(await server.exitCode()).toBe(0);
      expect(server.errors).toBe('');
    },
  );

  test('replaces its workers after SIGHUP', async () => {
    await using server = new ServerProcess({ WORKERS: '1' });
    using client = await RawClient.connect(await server.port);
    const threadOf = async () => JSON.parse((await client.get('/cpu?ms=0')).body.toString()).worker;
    const before = await threadOf();
    server.child.kill('SIGHUP');
    while ((await threadOf()) === before);
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
  });

  test('says when a reload begins, and a stop meanwhile is no error', async () => {
    await using server = new ServerProcess({ WORKERS: '2' });
    using client = await RawClient.connect(await server.port);
    expect((await client.get('/health')).status).toBe(200);
    server.child.kill('SIGHUP');
    await until('the reload begins', () => server.output.includes('reloading: the workers are replaced'));
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
    expect(server.output).not.toMatch(/"level":"(warn|error|fatal)"/);
    expect(server.output).toContain('the reload was overtaken by a later one, or by the stop');
    expect(server.errors).toBe('');
  });

  test('reports that its port is taken, and ends with code 3', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await using server = new ServerProcess({ PORT: `${port}` });
    expect(await server.exitCode()).toBe(3);
    expect(server.errors).toContain(`port ${port} on 127.0.0.1 is taken`);
    expect(server.errors).not.toContain('    at ');
    taken.close();
  });

  test.each([
    [{ PORT: 'http' }, 'PORT'],
    [{ WORKERS: '0' }, 'WORKERS'],
    [{ CORE: 'rust' }, 'CORE'],
  ])('names a wrong setting, %j, and ends with code 2', async (settings, name) => {
    await using server = new ServerProcess(settings);
    expect(await server.exitCode()).toBe(2);
    expect(server.errors).toContain(name);
    expect(server.errors).not.toContain('    at ');
  });

  test('reports that its application cannot be loaded, and ends with code 3', async () => {
    await using server = new ServerProcess({ APP: 'no/such/app.ts' });
    expect(await server.exitCode()).toBe(3);
    expect(server.errors).toContain('no/such/app.ts');
  });
});

describe('MAX_RSS_MB', () => {
  const app = new URL('./fixtures/hoarding-app.ts', import.meta.url).pathname;

  test('ends the worker that has the most memory, and refuses requests meanwhile', async () => {
    await using server = new ServerProcess({ APP: app, MAX_RSS_MB: '450' });
    using client = await RawClient.connect(await server.port);
    expect((await client.get('/keep/200')).status).toBe(200);
    client.send(getRequest('/keep/200'));
    // It is answered, unless its worker is ended at this moment.
    expect([200, 500, 503]).toContain((await client.next()).status);
    await until('requests are taken again', () => server.output.includes('requests are taken'));
    expect(server.output).toContain('new requests are refused');
    expect(server.output).toContain(ENDED);
    using other = await RawClient.connect(await server.port);
    expect((await other.get('/other')).status).toBe(200);
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
  });

  test('cuts off no route that happens to run on the worker that is ended', async () => {
    await using server = new ServerProcess({ APP: app, MAX_RSS_MB: '450', HANDLER_TIMEOUT_MS: '60000' });
    await server.complete;
    for (let death = 1; death <= 4; death++) {
      using client = await RawClient.connect(await server.port);
      // The only worker that serves would be replaced first.
      while (JSON.parse((await client.get('/other')).body.toString()).serving < 2);
      // Requests that come together are served by one worker.
      client.send(getRequest('/keep-later/400') + postRequest('/linger', ''));
      expect((await client.next()).status).toBe(200);
      expect((await client.next()).status).toBe(500);
      await until('requests are taken', () => count(server.output, 'requests are taken') === death);
    }
    expect(count(server.output, ENDED)).toBe(4);
    expect(server.output).toContain('"inFlight":[{"route":"POST /linger"');
    expect(server.output).not.toContain('is cut off');
  });

  test('ends no worker if that cannot help, and says so once', async () => {
    await using tooSmall = new ServerProcess({ MAX_RSS_MB: '64' });
    await tooSmall.exitCode();
    const rssMb = Number(/the process has (\d+) MB/.exec(tooSmall.errors)?.[1]);
    await using server = new ServerProcess({ APP: app, WORKERS: '8', MAX_RSS_MB: `${rssMb + 40}` });
    await until('the log says it', () => server.output.includes('No worker has much more memory'));
    using client = await RawClient.connect(await server.port);
    expect((await client.get('/other')).status).toBe(503);
    using health = await RawClient.connect(await server.port);
    expect((await health.get('/health')).status).toBe(200);
    expect(count(server.output, ENDED)).toBe(0);
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
    expect(count(server.output, 'No worker has much more memory')).toBe(1);
  });

  test('replaces the only worker before it ends it', async () => {
    await using server = new ServerProcess({ APP: app, MAX_RSS_MB: '450', WORKERS: '1' });
    using client = await RawClient.connect(await server.port);
    expect((await client.get('/keep-later/400')).status).toBe(200);
    await until('requests are taken again', () => server.output.includes('requests are taken'));
    expect(server.output).toContain('The worker that has the most memory is replaced');
    using other = await RawClient.connect(await server.port);
    expect((await other.get('/other')).status).toBe(200);
  });

  test('too small for the process fails the start', async () => {
    await using server = new ServerProcess({ MAX_RSS_MB: '64' });
    expect(await server.exitCode()).toBe(3);
    expect(server.errors).toContain('MAX_RSS_MB is 64');
  });
});

describe('a handler that allocates without end', () => {
  const settings = { WORKER_HEAP_MB: '48', HANDLER_TIMEOUT_MS: '20000' };

  test.each([
    ['objects', '48'],
    ['arrays', '48'],
    ['growing', '48'],
    ['buffers', '48'],
    // With more memory, V8 would abort the process when the array grows for the last time.
    ['growing', '128'],
  ])('(%s, %s MB) ends its worker, and no other client is affected', async (shape, heapMb) => {
    await using server = new ServerProcess({ ...settings, WORKER_HEAP_MB: heapMb });
    const port = await server.port;
    using client = await RawClient.connect(port);
    using bystander = await RawClient.connect(port);
    let answered = false;
    client.send(getRequest(`/oom?shape=${shape}`));
    const failed = client.next().then(({ status }) => {
      answered = true;
      return status;
    });
    for (let number = 0; !answered; number++) {
      expect((await bystander.get(`/params/b/${number}`)).body.toString()).toBe(`{"a":"b","b":"${number}"}`);
    }
    expect(await failed).toBe(500);
    // Its connection goes on.
    expect((await client.get('/health')).status).toBe(200);
    expect((await bystander.get('/health')).status).toBe(200);
    expect(server.isRunning).toBe(true);
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
  });

  test('(huge) ends its worker, or the process if V8 aborts it, and hangs neither', async () => {
    // After a single allocation beyond the heap limit, V8 may abort the whole process. Its supervisor then
    // restarts it.
    await using server = new ServerProcess(settings);
    using client = await RawClient.connect(await server.port);
    client.send(getRequest('/oom?shape=huge'));
    const outcome = await client.next().then(
      ({ status }) => status,
      () => 'aborted',
    );
    expect([500, 504, 'aborted']).toContain(outcome);
    server.child.kill('SIGTERM');
    await server.exitCode();
    expect([0, 134, 'SIGABRT']).toContain(server.child.exitCode ?? server.child.signalCode);
  });
});
