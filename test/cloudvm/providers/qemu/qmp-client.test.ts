/** The client of QEMU's protocol, against servers that follow a script. */
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { QmpClient } from '../../../../src/cloudvm/providers/qemu/qmp-client.ts';

const GREETING = '{"QMP":{"version":{},"capabilities":["oob"]}}\r\n';
const EVENT = '{"event":"RESET","data":{"guest":false},"timestamp":{"seconds":1,"microseconds":2}}\r\n';
const SHORT_MS = 100;

/** What the server sends for a command. `id` is the command's. */
type Script = (command: string, id: unknown, socket: Socket) => string;

interface QmpServer extends AsyncDisposable {
  connect(options?: { signal?: AbortSignal; answerTimeoutMs?: number }): Promise<QmpClient>;
}

async function startServer(greeting: string, script: Script = () => ''): Promise<QmpServer> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await mkdtempDisposable(join(tmpdir(), 'cloudvm-qmp-')));
  const path = join(directory.path, 'qmp');
  const sockets = opened.adopt(new Set<Socket>(), (all) => {
    for (const socket of all) socket.destroy();
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(greeting);
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes;
      const lines = received.split('\n');
      received = lines.pop() ?? '';
      for (const line of lines) {
        const { execute, id } = JSON.parse(line);
        socket.write(execute === 'qmp_capabilities' ? success(id, {}) : script(execute, id, socket));
      }
    });
  });
  opened.use(server);
  await once(server.listen(path), 'listening');
  const resources = opened.move();
  return {
    connect: (options) =>
      QmpClient.connect(path, { signal: new AbortController().signal, answerTimeoutMs: 30_000, ...options }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await resources.disposeAsync();
    },
  };
}

function success(id: unknown, value: unknown): string {
  return `${JSON.stringify({ return: value, id })}\r\n`;
}

test('commands are answered one after the other', async () => {
  await using server = await startServer(GREETING, (command, id) => success(id, { command }));
  using qmp = await server.connect();
  expect(await qmp.execute('query-status')).toEqual({ command: 'query-status' });
  expect(await qmp.execute('query-jobs')).toEqual({ command: 'query-jobs' });
});

test('events come at any time, and are no answers', async () => {
  const script: Script = (_command, id) => EVENT + EVENT + success(id, 1) + EVENT;
  await using server = await startServer(GREETING + EVENT, script);
  using qmp = await server.connect();
  expect(await qmp.execute('stop')).toBe(1);
  expect(await qmp.execute('cont')).toBe(1);
});

test('answers are put together from pieces, also inside a character', async () => {
  const script: Script = (_command, id, socket) => {
    const bytes = Buffer.from(success(id, 'über'));
    for (const byte of bytes) socket.write(Buffer.of(byte));
    return '';
  };
  await using server = await startServer(GREETING, script);
  using qmp = await server.connect();
  expect(await qmp.execute('query-name')).toBe('über');
});

test('a refusal is an error with the words of QEMU, and the next command works', async () => {
  const script: Script = (command, id) =>
    command === 'quit'
      ? success(id, {})
      : `${JSON.stringify({ error: { class: 'GenericError', desc: 'No such job' }, id })}\r\n`;
  await using server = await startServer(GREETING, script);
  using qmp = await server.connect();
  await expect(qmp.execute('job-dismiss', { id: 'x' })).rejects.toMatchObject({
    code: 'ERR_QMP',
    message: 'No such job',
  });
  expect(await qmp.execute('quit')).toEqual({});
});

test.each([
  ['without an id', '{"error":{"class":"GenericError","desc":"Invalid JSON syntax"}}', 'Invalid JSON syntax'],
  ['without words', '{"error":7}', 'QEMU has refused the command'],
])('a refusal %s ends the command', async (_name, line, message) => {
  await using server = await startServer(GREETING, () => `${line}\r\n`);
  using qmp = await server.connect();
  await expect(qmp.execute('quit')).rejects.toThrow(message);
});

test('an answer with another id is not taken for that of the command', async () => {
  const script: Script = (_command, id) => success(Number(id) - 1, 'late') + success(id, 'right');
  await using server = await startServer(GREETING, script);
  using qmp = await server.connect();
  expect(await qmp.execute('query-status')).toBe('right');
});

test.each(['HTTP/1.1 400 Bad Request\r\n', '[]\n', '7\n', '"QMP"\n', '{"return":{},"id":1}\n', '\u0000\n'])(
  'what greets otherwise is not QEMU: %j',
  async (greeting) => {
    await using server = await startServer(greeting);
    await expect(server.connect()).rejects.toMatchObject({ code: 'ERR_QMP' });
  },
);

test('garbage instead of an answer breaks the connection off', async () => {
  await using server = await startServer(GREETING, () => '{"return": tru\n');
  using qmp = await server.connect();
  await expect(qmp.execute('query-status')).rejects.toThrow('something else than JSON');
  await expect(qmp.execute('query-status')).rejects.toThrow('the connection was closed');
});

test('a line without end breaks the connection off', async () => {
  await using server = await startServer(GREETING, () => 'x'.repeat(5_000_000));
  using qmp = await server.connect();
  await expect(qmp.execute('query-status')).rejects.toThrow('a line without end');
});

test('silence ends the wait for the greeting and for an answer', async () => {
  await using silent = await startServer('');
  await expect(silent.connect({ answerTimeoutMs: SHORT_MS })).rejects.toThrow('QEMU does not answer');
  // Events are no sign of an answer.
  await using busy = await startServer(GREETING, () => EVENT);
  using qmp = await busy.connect();
  const asked = qmp.execute('query-status');
  const second = qmp.execute('query-jobs');
  await expect(second).rejects.toThrow('a command is under way');
  qmp[Symbol.dispose]();
  await expect(asked).rejects.toThrow('the connection was closed');
});

test('the signal ends the wait for the greeting and for an answer', async () => {
  const nobodyWaits = new Error('nobody waits');
  await using silent = await startServer('');
  const greeted = new AbortController();
  const connecting = silent.connect({ signal: greeted.signal });
  greeted.abort(nobodyWaits);
  await expect(connecting).rejects.toBe(nobodyWaits);

  const asked = new AbortController();
  const script: Script = () => {
    asked.abort(nobodyWaits);
    return '';
  };
  await using mute = await startServer(GREETING, script);
  using qmp = await mute.connect({ signal: asked.signal });
  await expect(qmp.execute('query-status')).rejects.toBe(nobodyWaits);
});

test('a connection that is closed in the middle ends the command', async () => {
  const script: Script = (_command, _id, socket) => {
    socket.end('{"return":');
    return '';
  };
  await using server = await startServer(GREETING, script);
  using qmp = await server.connect();
  await expect(qmp.execute('quit')).rejects.toThrow('the connection was closed');
});

test('without a QEMU that listens there is no connection', async () => {
  const { signal } = new AbortController();
  const connecting = QmpClient.connect(join(tmpdir(), 'no-such-socket'), { signal, answerTimeoutMs: 30_000 });
  await expect(connecting).rejects.toThrow('ENOENT');
});
