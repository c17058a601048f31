/**
 * Sends requests at the times at which they are due, by a clock that knows nothing of answers. A request that
 * finds no free connection waits for one, and its latency counts from when it was due. So nothing is omitted
 * while the server stalls.
 */
import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { requestBytes, UNIQUE } from '../request.ts';
import { now } from './clock.ts';
import { Connection } from './connection.ts';
import { Latencies } from './latencies.ts';
import type { OpenLoopOptions, OpenLoopResult } from './protocol.ts';
import { PENDING, STOPPED, type TickerData, WORDS } from './ticker.ts';

/** Requests are due at ticks: so often that it hardly matters, so seldom that the generator stays cheap. */
const LEAST_TICK_MS = 0.5;
/** Until the thread that ticks runs. */
const START_MS = 60;
/** For answers after the last request was due. */
const DRAIN_MS = 2000;
const MOST_REQUESTS = 5_000_000;

export class OpenLoop {
  readonly #options: OpenLoopOptions;
  readonly #tickMs: number;
  readonly #batches: number;
  readonly #pieces: readonly (readonly Buffer[])[];
  readonly #latencies: Latencies;
  readonly #lateness: Latencies;
  readonly #idle: IdleConnections;
  /** When the batches that wait for a connection were due, from #nextWaiting on. */
  readonly #waiting: number[] = [];
  #nextWaiting = 0;
  #firstTick = 0;
  #ticks = 0;
  #released = 0;
  #settled = 0;
  #errors = 0;
  #lastAnswer = 0;
  #sent = 0;
  readonly #done = Promise.withResolvers<void>();

  constructor(options: OpenLoopOptions) {
    const { rate, seconds, pipelining } = options;
    const batchesPerMs = rate / pipelining / 1000;
    this.#options = options;
    this.#tickMs = Math.max(LEAST_TICK_MS, 1 / batchesPerMs);
    this.#batches = Math.max(1, Math.floor(batchesPerMs * seconds * 1000));
    if (this.#batches * pipelining > MOST_REQUESTS) throw new Error(`more than ${MOST_REQUESTS} requests`);
    this.#pieces = piecesOf(options);
    this.#idle = new IdleConnections(options.connections);
    this.#latencies = new Latencies(this.#batches * pipelining);
    this.#lateness = new Latencies(this.#batches);
  }

  async run(): Promise<OpenLoopResult> {
    const connections = await this.#connect();
    const control = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
    this.#firstTick = now() + START_MS;
    const data: TickerData = { control, firstTick: this.#firstTick, tickMs: this.#tickMs };
    const ticker = new Worker(new URL('./ticker.ts', import.meta.url), { workerData: data });
    const cpu = process.cpuUsage();
    ticker.on('message', () => {
      Atomics.store(control, PENDING, 0);
      this.#onTick();
    });
    ticker.on('error', (error) => this.#done.reject(error));
    const { seconds } = this.#options;
    const end = setTimeout(() => this.#done.resolve(), START_MS + seconds * 1000 + DRAIN_MS);
    try {
      await this.#done.promise;
    } finally {
      clearTimeout(end);
      Atomics.store(control, STOPPED, 1);
      Atomics.notify(control, STOPPED);
      for (const connection of connections) connection.close();
      await ticker.terminate();
    }
    return this.#result(process.cpuUsage(cpu));
  }

  async #connect(): Promise<Connection[]> {
    const { url, connections, pipelining, closes } = this.#options;
    const { hostname, port } = new URL(url);
    const options = { host: hostname, port: Number(port), batch: pipelining, closes };
    const events = {
      answered: (due: number, status: number) => this.#onAnswer(due, status),
      free: (connection: Connection) => this.#onFree(connection),
      lost: (due: number, requests: number) => this.#onLost(due, requests),
    };
    const opened = Array.from({ length: connections }, () => new Connection(options, events));
    for (const connection of opened) await connection.open();
    for (const connection of opened) this.#idle.put(connection);
    return opened;
  }

  /** All batches that are due by now. Each is due at a tick, not when the tick was heard. */
  #onTick(): void {
    const tick = Math.floor((now() - this.#firstTick) / this.#tickMs);
    for (; this.#ticks <= tick && this.#released < this.#batches; this.#ticks += 1) {
      const due = this.#firstTick + this.#ticks * this.#tickMs;
      const dueByNow = Math.min(this.#batches, this.#dueAt(this.#ticks));
      for (; this.#released < dueByNow; this.#released += 1) this.#release(due);
    }
  }

  #dueAt(tick: number): number {
    const { rate, pipelining } = this.#options;
    return Math.floor((tick * this.#tickMs * rate) / pipelining / 1000 + 1);
  }

  #release(due: number): void {
    const connection = this.#idle.take();
    if (connection === undefined) {
      this.#waiting.push(due);
      return;
    }
    this.#lateness.add(now() - due);
    this.#send(connection, due);
  }

  #send(connection: Connection, due: number): void {
    const pieces = this.#pieces[randomInt(this.#pieces.length)] ?? [];
    this.#sent += 1;
    const [first, last] = pieces;
    if (first === undefined) throw new Error('there are no requests to send');
    const bytes =
      last === undefined ? first : Buffer.concat([first, Buffer.from(uniqueText(this.#sent)), last]);
    connection.send(bytes, due);
  }

  #onAnswer(due: number, status: number): void {
    this.#lastAnswer = now();
    this.#latencies.add(this.#lastAnswer - due);
    if (status >= 400) this.#errors += 1;
    this.#settle(1);
  }

  #onLost(due: number, requests: number): void {
    for (let lost = 0; lost < requests; lost += 1) this.#latencies.add(now() - due);
    this.#errors += requests;
    this.#settle(requests);
  }

  #onFree(connection: Connection): void {
    const due = this.#waiting[this.#nextWaiting];
    if (due === undefined) {
      this.#idle.put(connection);
      return;
    }
    this.#nextWaiting += 1;
    this.#send(connection, due);
  }

  #settle(requests: number): void {
    this.#settled += requests;
    if (this.#settled >= this.#batches * this.#options.pipelining) this.#done.resolve();
  }

  /** What has no answer yet has waited at least until now, or it would be omitted. */
  #result({ user, system }: NodeJS.CpuUsage): OpenLoopResult {
    const due = this.#batches * this.#options.pipelining;
    const answered = this.#latencies.count - this.#errors;
    const unanswered = due - this.#settled;
    const waited = now() - this.#firstTick;
    const seconds = Math.max(this.#options.seconds, (this.#lastAnswer - this.#firstTick) / 1000);
    for (let index = 0; index < unanswered; index += 1) this.#latencies.add(waited);
    const [p50Ms, p99Ms, p999Ms, mostMs] = this.#latencies.quantiles(0.5, 0.99, 0.999, 1);
    const [generatorLatenessP99Ms] = this.#lateness.quantiles(0.99);
    return {
      seconds,
      due,
      achievedRate: answered / seconds,
      ...{ p50Ms, p99Ms, p999Ms, mostMs },
      generatorLatenessP99Ms,
      generatorShare: (user + system) / 1e6 / seconds,
      errors: this.#errors + unanswered,
    };
  }
}

/** A queue, so that all connections take part. */
class IdleConnections {
  readonly #ring: (Connection | undefined)[];
  #first = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#ring = new Array(capacity);
  }

  put(connection: Connection): void {
    this.#ring[(this.#first + this.#count) % this.#ring.length] = connection;
    this.#count += 1;
  }

  take(): Connection | undefined {
    if (this.#count === 0) return undefined;
    const connection = this.#ring[this.#first];
    this.#first = (this.#first + 1) % this.#ring.length;
    this.#count -= 1;
    return connection;
  }
}

/** A request in one piece, or in two around its unique text. A batch is the same request several times. */
function piecesOf({ url, requests, pipelining }: OpenLoopOptions): (readonly Buffer[])[] {
  const { host } = new URL(url);
  return requests.map((request) => {
    const bytes = requestBytes(request, host);
    const at = bytes.indexOf(UNIQUE);
    if (at < 0) return [Buffer.concat(Array.from({ length: pipelining }, () => bytes))];
    if (pipelining > 1) throw new Error('requests with unique texts are not pipelined');
    return [bytes.subarray(0, at), bytes.subarray(at + UNIQUE.length)];
  });
}

const RUN = `${process.pid}-${Date.now().toString(36)}`;

function uniqueText(number: number): string {
  return `${RUN}-${performance.now().toString(36)}-${number}`;
}
