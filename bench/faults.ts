/**
 * `npm run bench -- faults`: what one bad handler, client or deployment does to the others, as numbers. Each
 * line has the figure from before it was mended beside the present one. Tests hold the same cases without
 * times.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { getRequest, postRequest, RawClient } from '../test/support/raw-client.ts';
import { BUNDLE } from './arms/arm.ts';
import { type BeforeAndNow, printBeforeAndNow } from './before-and-now.ts';
import { quantile } from './laboratory/statistics.ts';
import { describeOptions, readOptions } from './options.ts';

const ROOT = join(import.meta.dirname, '..');
const FOREVER_MS = 40_000;

interface Fault extends Omit<BeforeAndNow, 'now'> {
  readonly settings?: Readonly<Record<string, string>>;
  measure(server: FaultyServer): Promise<string>;
}

/** A server with its log, which tells how many workers were lost. */
class FaultyServer implements AsyncDisposable {
  readonly port: number;
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess, port: number, lines: readonly string[]) {
    this.child = child;
    this.port = port;
    this.lines = lines;
    this.#exited =
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<FaultyServer> {
    const child = spawn(process.execPath, [BUNDLE], {
      cwd: ROOT,
      env: { ...process.env, APP: 'bench/faults-app.ts', PORT: '0', LOG_LEVEL: 'info', ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      lines.push(line);
      if (/all \d+ workers serve/.test(line)) resolve();
    });
    await promise;
    const port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(lines.join('\n'))?.[1]);
    return new FaultyServer(child, port, lines);
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get rssMb(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  }

  /** Log lines about workers that were lost. */
  get lost(): number {
    return this.lines.filter((line) => /A worker (ended unexpectedly|has failed|is stuck)/.test(line)).length;
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port);
  }

  async connections(count: number): Promise<RawClient[]> {
    const clients: RawClient[] = [];
    for (let number = 0; number < count; number++) clients.push(await this.connect());
    return clients;
  }

  /** A small request of somebody else. @returns its status, and milliseconds */
  async bystander(): Promise<{ readonly status: number; readonly ms: number }> {
    const start = performance.now();
    using client = await this.connect();
    const answer = client.get('/params/a/b').then(({ status }) => status);
    const status = await Promise.race([answer, delay(FOREVER_MS, 0, { ref: false })]).catch(() => 0);
    return { status, ms: performance.now() - start };
  }

  /** Bystanders, one after the other, for so long. @returns in words */
  async bystanders(milliseconds: number): Promise<string> {
    const times: number[] = [];
    let failed = 0;
    for (const end = performance.now() + milliseconds; performance.now() < end; await delay(20)) {
      const { status, ms } = await this.bystander();
      times.push(ms);
      if (status !== 200) failed++;
    }
    times.sort((one, other) => one - other);
    return `others: p50 ${quantile(times, 0.5).toFixed(0)}, most ${quantile(times, 1).toFixed(0)} ms${failed === 0 ? '' : `, ${failed} failed`}`;
  }

  async exit(): Promise<void> {
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isAlive) this.child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Sends one request after the other until told to close. @returns whether one got no answer */
async function losesRequest(client: RawClient): Promise<boolean> {
  for (let number = 0; ; number++) {
    client.send(number % 2 === 0 ? postRequest('/echo', 'x') : getRequest('/wait?ms=2'));
    const answer = await client.next().catch(() => null);
    if (answer === null) return true;
    if (answer.headers['connection'] === 'close') return false;
  }
}

const FAULTS: readonly Fault[] = [
  {
    item: '2',
    what: '8 × /wait?ms=25000 and 3 × /late, four times',
    before: '/health hangs for 22 s',
    measure: async (server) => {
      for (let round = 0; round < 4; round++) {
        for (const client of await server.connections(8)) client.send(getRequest('/wait?ms=25000'));
        for (let late = 0; late < 3; late++) await (await server.connect()).get('/late');
      }
      return server.bystanders(3_000);
    },
  },
  {
    item: '2',
    what: 'a client that loops on /exit for 12 s',
    before: '76 workers, others get 500',
    measure: async (server) => {
      const end = performance.now() + 12_000;
      const looping = (async () => {
        using client = await server.connect();
        while (performance.now() < end) {
          const { status } = await client.get('/exit');
          if (status === 503) await delay(50);
        }
      })();
      const others = await server.bystanders(12_000);
      await looping;
      return `${server.lost} workers, ${others}`;
    },
  },
  {
    item: '2',
    what: '9 native calls that hang, of 8 workers',
    before: 'the process ends after 5 s',
    settings: { HANDLER_TIMEOUT_MS: '1000' },
    measure: async (server) => {
      for (const client of await server.connections(9)) {
        client.send(getRequest('/block?ms=30000'));
        await delay(100);
      }
      await delay(12_000);
      return server.isAlive ? `it serves, ${await server.bystanders(500)}` : 'the process has ended';
    },
  },
  {
    item: '2',
    what: '60 answers from a timer, too late',
    before: '60 workers',
    measure: async (server) => {
      using client = await server.connect();
      for (let number = 0; number < 60; number++) await client.get('/too-late');
      return `${server.lost} workers`;
    },
  },
  {
    item: '3',
    what: '60 pipelined /cpu?ms=100, HANDLER_TIMEOUT_MS=2000',
    before: 'two 504, two workers lost',
    settings: { HANDLER_TIMEOUT_MS: '2000' },
    measure: async (server) => {
      using client = await server.connect();
      client.send(getRequest('/cpu?ms=100').repeat(60));
      let failed = 0;
      for (let number = 0; number < 60; number++) if ((await client.next()).status !== 200) failed++;
      return `${failed} failed, ${server.lost} workers lost`;
    },
  },
  {
    item: '3',
    what: '/stream?chunks=1000000&ms=0 to a fast reader',
    before: 'cut at 4 MB, bystanders get 504',
    settings: { HANDLER_TIMEOUT_MS: '2000' },
    measure: async (server) => {
      using client = await server.connect();
      const whole = client.get('/stream?chunks=1000000&ms=0');
      const others = await server.bystanders(1_000);
      return `${((await whole).body.length / 1e6).toFixed(1)} of 12.9 MB, ${others}`;
    },
  },
  {
    item: '3',
    what: '250 such streams that nobody reads',
    before: '/health over 8 s',
    measure: async (server) => {
      for (let number = 0; number < 250; number++) {
        const client = await RawClient.connect(server.port, { paused: true });
        client.send(getRequest('/stream?chunks=1000000&ms=0'));
      }
      return server.bystanders(4_000);
    },
  },
  {
    item: '4',
    what: 'SIGTERM beside 8 clients whose handlers run',
    before: '8 of 8 get EOF for the next request',
    measure: async (server) => {
      const clients = await server.connections(8);
      for (const client of clients) client.send(getRequest('/wait?ms=500'));
      await delay(200);
      server.child.kill('SIGTERM');
      let unsaid = 0;
      for (const client of clients) if ((await client.next()).headers['connection'] !== 'close') unsaid++;
      return `${unsaid} of 8 are not told that the connection closes`;
    },
  },
  {
    item: '4',
    what: 'SIGTERM beside 16 clients that ask again and again',
    before: '14 of 16 lose a request',
    measure: async (server) => {
      const lost = (await server.connections(16)).map(losesRequest);
      await delay(500);
      server.child.kill('SIGTERM');
      return `${(await Promise.all(lost)).filter(Boolean).length} of 16 lose one`;
    },
  },
  {
    item: '5',
    what: '200 unread streams of 8 KB pieces, OUTBOUND_MEMORY_MB=16',
    before: '+167 MB (800 of tiny pieces: +740)',
    settings: { OUTBOUND_MEMORY_MB: '16', WORKERS: '4' },
    measure: async (server) => {
      const before = server.rssMb;
      for (let number = 0; number < 200; number++) {
        const client = await RawClient.connect(server.port, { paused: true });
        client.send(getRequest('/flood'));
      }
      await delay(10_000);
      return `+${(server.rssMb - before).toFixed(0)} MB, ${await server.bystanders(500)}`;
    },
  },
  {
    item: '5',
    what: '690 half-sent bodies of 60 KB, INBOUND_MEMORY_MB=32',
    before: 'nobody else is served',
    settings: { INBOUND_MEMORY_MB: '32' },
    measure: async (server) => {
      const body = 'x'.repeat(60_000);
      for (const client of await server.connections(690)) {
        client.send(`POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 65000\r\n\r\n${body}`);
      }
      await delay(1_000);
      return server.bystanders(2_000);
    },
  },
  ...['growing', 'buffers', 'objects'].map(
    (shape): Fault => ({
      item: '5',
      what: `/oom?shape=${shape}`,
      before: { growing: 'the process aborts', buffers: 'grows without end', objects: '500' }[shape] ?? '',
      measure: async (server) => {
        using client = await server.connect();
        const start = performance.now();
        const outcome = await client.get(`/oom?shape=${shape}`).then(
          ({ status }) => `${status}`,
          () => 'no answer',
        );
        const ms = performance.now() - start;
        return `${outcome} after ${ms.toFixed(0)} ms, the process ${server.isAlive ? 'lives' : 'has ended'}`;
      },
    }),
  ),
  {
    item: '6',
    what: '/cpu?ms=3 beside a handler in flight in every worker',
    before: 'p50 4.6 → 56 ms',
    settings: { MAX_IN_FLIGHT: '8' },
    measure: async (server) => {
      using client = await server.connect();
      for (let number = 0; number < 20; number++) await client.get('/cpu?ms=3');
      for (const waiting of await server.connections(56)) waiting.send(getRequest('/wait?ms=20000'));
      await delay(500);
      const times: number[] = [];
      for (let number = 0; number < 100; number++) {
        const start = performance.now();
        await client.get('/cpu?ms=3');
        times.push(performance.now() - start);
      }
      return `p50 ${quantile(
        times.sort((one, other) => one - other),
        0.5,
      ).toFixed(1)} ms`;
    },
  },
  {
    item: '8',
    what: 'a log that nobody reads, and then SIGTERM',
    before: 'every thread freezes',
    settings: { LOG_LEVEL: 'trace' },
    measure: async (server) => {
      server.child.stdout?.pause();
      using client = await server.connect();
      for (let number = 0; number < 500; number++) await client.get(`/throw?${'x'.repeat(5_000)}${number}`);
      const others = await server.bystanders(500);
      const start = performance.now();
      server.child.kill('SIGTERM');
      await server.exit();
      return `${others}, stopped after ${(performance.now() - start).toFixed(0)} ms with ${server.child.exitCode}`;
    },
  },
  {
    item: '10',
    what: 'close() of a client whose handler waits',
    before: 'request.signal never fires',
    measure: async (server) => {
      const client = await server.connect();
      client.send(getRequest('/until-aborted'));
      await delay(200);
      const closed = Date.now();
      await client.close();
      await delay(3_000);
      const at = Number(/aborted at (\d+)/.exec(server.lines.join('\n'))?.[1] ?? 0);
      return at === 0 ? 'it has not fired in 3 s' : `it fires after ${at - closed} ms`;
    },
  },
];

export async function run(parameters: readonly string[]): Promise<void> {
  const { json, help } = readOptions(parameters, {});
  if (help) {
    process.stdout.write(describeOptions({}));
    return;
  }
  const rows: BeforeAndNow[] = [];
  for (const { item, what, before, settings, measure } of FAULTS) {
    if (!json) process.stderr.write(`${item}: ${what}\n`);
    await using server = await FaultyServer.start(settings);
    rows.push({ item, what, before, now: await measure(server) });
  }
  printBeforeAndNow(rows, json);
}
