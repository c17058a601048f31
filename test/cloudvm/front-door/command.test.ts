/** The command `node src/main.ts` and the signals that it gets, while it serves and while it starts. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getRequest, RawClient } from '../../support/raw-client.ts';
import { type ServerChild, spawnServer } from './support/cloudvm-process.ts';

const ECHO_APPLICATION = new URL('../../fixtures/echo-app.ts', import.meta.url).pathname;

let dataDirectory: string;
const children: ServerChild[] = [];

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
  await rm(dataDirectory, { recursive: true, force: true });
});

function start(settings: Readonly<Record<string, string>>): ServerChild {
  const child = spawnServer(dataDirectory, settings);
  children.push(child);
  return child;
}

async function portOf(child: ServerChild): Promise<number> {
  const port = await lineOf(child, /listening on http:\/\/127\.0\.0\.1:(\d+)/);
  return Number(port);
}

function asModule(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Waits for a line of its log. @returns the match of the expression */
async function lineOf(child: ServerChild, expression: RegExp): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  createInterface(child.stdout).on('line', (line) => {
    const found = expression.exec(line);
    if (found !== null) resolve(found[1]);
  });
  child.once('exit', (code) => reject(new Error(`the process has ended with ${code}`)));
  return promise;
}

describe('while the command serves', () => {
  test.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM'],
  ] as const)(
    '%s and %s together count as one signal, and pending requests are finished',
    async (first, second) => {
      const child = start({ APP: ECHO_APPLICATION });
      using client = await RawClient.connect(await portOf(child));
      client.send(getRequest('/health') + getRequest('/wait?ms=300'));
      expect((await client.next()).status).toBe(200);
      child.kill(first);
      // npm passes on a signal that the terminal has sent to both already.
      await lineOf(child, /stopping: SIG/);
      child.kill(second);
      expect((await client.next()).status).toBe(200);
      client.halfClose();
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );
});

describe('while the command starts', () => {
  test('it can start with the smallest and largest accepted settings', async () => {
    const bounds = { MAX_TARGET_BYTES: '65536', MAX_BODY_BYTES: '1', WORKER_HEAP_MB: '32' };
    const child = start({ ...bounds, CORE: 'verify' });
    await portOf(child);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('it logs that it starts the workers before any of them has loaded the application', async () => {
    const APP = join(dataDirectory, 'talkative.mjs');
    await writeFile(APP, `console.log('loads'); export function routes() {}`);
    const child = start({ APP, WORKERS: '3' });
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    await lineOf(child, /^(loads)$/);
    expect(lines[0]).toContain('starting 3 workers');
  });

  test('a memory limit too low for one worker ends it with code 3 and one sentence', async () => {
    const child = start({
      NODE_OPTIONS: `--import=${asModule('process.constrainedMemory = () => 2 ** 26;')}`,
    });
    const errors = text(child.stderr);
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(await errors).toBe(
      'cloudvm-backend cannot start: the process may use 64 MB of memory, and with one worker it needs 104 MB\n',
    );
  });

  test('a signal ends it in order even if its database never answers', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    try {
      await once(silent.listen(0, '127.0.0.1'), 'listening');
      const { port } = silent.address() as AddressInfo;
      const child = start({ MONGODB_URI: `mongodb://127.0.0.1:${port}` });
      const errors = text(child.stderr);
      await once(silent, 'connection');
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(await errors).toBe('');
    } finally {
      silent.close();
    }
  });

  test('a signal ends it within a bound even if the start never ends', async () => {
    const APP = join(dataDirectory, 'never-started.mjs');
    await writeFile(
      APP,
      `export function routes() {}
      export function start() {
        console.log('starts');
        return new Promise((resolve) => setTimeout(resolve, 2 ** 30));
      }`,
    );
    const child = start({ APP, SHUTDOWN_TIMEOUT_MS: '100' });
    await lineOf(child, /^(starts)$/);
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'exit');
    expect([code, signal]).toEqual([null, 'SIGKILL']);
  });

  test('it names an unreachable database with the cause and without the password', async () => {
    const child = start({
      MONGODB_URI: 'mongodb://ada:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=100',
      LOG_LEVEL: 'trace',
    });
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    expect(child.exitCode).toBe(3);
    expect(errors).toBe(
      'cloudvm-backend cannot start: ' +
        'the database at 127.0.0.1:1 cannot be reached: connection refused (ECONNREFUSED)\n',
    );
    expect(output + errors).not.toContain('hunter2');
  });

  test('it warns once that other processes on its database refuse its tokens unless they share JWT_SECRET', async () => {
    const MONGODB_URI = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50';
    const warningsOf = async (settings: Readonly<Record<string, string>>) => {
      const child = start({ MONGODB_URI, WORKERS: '1', ...settings });
      const [output] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      return output.split('\n').filter((line) => line.includes('"warn"'));
    };
    const refused = expect.stringMatching(/JWT_SECRET is not set: .* refuse the tokens/);
    expect(await warningsOf({})).toEqual([refused]);
    expect(await warningsOf({}), 'also when the secret is there already').toEqual([refused]);
    expect(await warningsOf({ JWT_SECRET: 's'.repeat(32) })).toEqual([]);
  });

  test.runIf(process.platform === 'linux')('a data directory that nobody can make is refused', async () => {
    const child = start({ DATA_DIR: '/proc/cloudvm/data' });
    const errors = text(child.stderr);
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(await errors).toContain('/proc/cloudvm/data');
  });
});
