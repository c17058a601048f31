/**
 * Workers that are killed from outside at random moments under load, between any two of their instructions. A
 * journal in shared memory records which threads ran which request, so the test knows the possible outcomes
 * of each request.
 */

import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { effort, freshSeed } from '../../support/effort.ts';
import { ConnectionEndedError, getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { Journal } from './support/journal.ts';
import { expectRest, startServer } from './support/start.ts';

const KILLS = effort(50, 1_000);
const DEATHS_BY_HANDLER = effort(10, 100);
/** Exit at once, and after some turns of the event loop, throw outside of a request, run out of memory. */
const DEADLY = ['/exit', '/die/0', '/die/1', '/die/3', '/late', '/oom?shape=objects'];
const WORKERS = 4;
const CLIENTS = 24;

/** The worker threads of this process, as they come and go. */
class Threads implements Disposable {
  readonly killed = new Set<number>();
  readonly #living = new Map<number, Worker>();
  /** The threads that have answered a request. */
  readonly #serving = new Set<number>();
  readonly #onWorker = (worker: Worker): void => {
    const { threadId } = worker;
    this.#living.set(threadId, worker);
    worker.once('exit', () => {
      this.#living.delete(threadId);
      this.#serving.delete(threadId);
    });
  };

  constructor() {
    process.on('worker', this.#onWorker);
  }

  /** How many can be killed. */
  get count(): number {
    return this.#serving.size;
  }

  serves(thread: number): void {
    if (this.#living.has(thread) && !this.killed.has(thread)) this.#serving.add(thread);
  }

  /** Ends a serving thread, wherever it is in its code. */
  kill(random: () => number): void {
    const thread = [...this.#serving][Math.floor(random() * this.count)] ?? 0;
    this.#serving.delete(thread);
    this.killed.add(thread);
    void this.#living.get(thread)?.terminate();
  }

  [Symbol.dispose](): void {
    process.off('worker', this.#onWorker);
  }
}

/** A request with the number under which the journal knows it. */
interface Sent {
  readonly number: number;
  readonly isSafe: boolean;
  readonly isAsync: boolean;
}

interface Failure extends Sent {
  readonly what: string;
}

function requestText({ number, isSafe, isAsync }: Sent): string {
  const path = `/journal/${isAsync ? 'async' : 'sync'}/${number}`;
  return isSafe ? getRequest(path) : postRequest(path, 'body');
}

/** Mulberry32: the same moments with the same seed, as far as threads have them. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('workers that are killed at random moments under load', () => {
  test('affect no request on other workers, and leave everything at rest', async () => {
    const random = randomNumbers(freshSeed('workers that are killed'));
    using threads = new Threads();
    using journal = new Journal(effort(2_000_000, 16_000_000));
    const hopeless: string[] = [];
    await using server = await startServer({
      workers: WORKERS,
      environment: { ...process.env, JOURNAL: journal.name },
      onHopeless: (reason) => hopeless.push(reason),
    });
    let going = true;
    const failures: Failure[] = [];
    let answered = 0;
    const load = Array.from({ length: CLIENTS }, async (_, index) => {
      let client = await RawClient.connect(server.port);
      for (let round = 0; going; round++) {
        const batch: Sent[] = Array.from({ length: 1 + ((index + round) % 5) }, (__, at) => ({
          number: journal.nextNumber(),
          isSafe: (index + round + at) % 3 !== 0,
          isAsync: (index * 3 + at) % 4 === 0,
        }));
        client.send(batch.map(requestText).join(''));
        for (const [at, sent] of batch.entries()) {
          try {
            const response = await client.next();
            if (response.status === 200) {
              const { number, thread } = JSON.parse(response.body.toString());
              expect(number).toBe(sent.number);
              threads.serves(thread);
            } else {
              failures.push({ ...sent, what: `${response.status}` });
            }
            answered++;
          } catch (error) {
            if (!(error instanceof ConnectionEndedError)) throw error;
            failures.push({ ...sent, what: `connection lost before answer ${at}` });
            client = await RawClient.connect(server.port);
            break;
          }
        }
      }
      client.halfClose();
      expect(await client.end()).toHaveLength(0);
    });

    for (let kill = 0; kill < KILLS; kill++) {
      const target = answered + Math.floor(random() * 150);
      await until('there is something to kill, and load', () => {
        return threads.count >= 1 && server.usage.workers >= 2 && answered >= target;
      });
      threads.kill(random);
    }
    await until('the pool is complete', () => server.usage.workers === WORKERS);
    going = false;
    await Promise.all(load);

    expect(hopeless).toEqual([]);
    expect(threads.killed.size).toBe(KILLS);
    expect(failures.map(({ what }) => what)).toEqual(failures.map(() => '500'));
    const ranElsewhere = failures.filter(({ number }) => {
      const ranOn = journal.threadsOf(number);
      return ranOn.length > 0 && !ranOn.some((thread) => threads.killed.has(thread));
    });
    expect(ranElsewhere).toEqual([]);
    // A worker may die after it began a request and before the handler could enter it. That can be only one
    // request for each kill.
    const notEntered = failures.filter(({ number }) => journal.threadsOf(number).length === 0);
    expect(notEntered.length).toBeLessThanOrEqual(KILLS);
    // An unsafe request runs at most once. A safe one is run again once, and up to eight times more if the
    // handler of another request was running each time.
    for (let number = 1; number <= journal.count; number++) {
      expect(journal.threadsOf(number).length).toBeLessThanOrEqual(journal.isSafe(number) ? 10 : 1);
    }
    expect(answered).toBeGreaterThan(KILLS);
    await expectRest(server, WORKERS);
  }, 480_000);

  test('by their own handlers are each answered once, and their bystanders too', async () => {
    const random = randomNumbers(freshSeed('workers that end themselves'));
    await using server = await startServer({ workers: 3, workerHeapMb: 48 });
    let going = true;
    const bystanders = Array.from({ length: 8 }, async (_, index) => {
      using client = await RawClient.connect(server.port);
      let failed = 0;
      for (let number = 0; going; number++) {
        const { status, body } = await client.get(`/params/${index}/${number}`);
        // It ran twice, and both workers died meanwhile.
        if (status === 500) failed++;
        else expect(body.toString()).toBe(`{"a":"${index}","b":"${number}"}`);
      }
      return failed;
    });
    for (let kill = 0; kill < DEATHS_BY_HANDLER; kill++) {
      using killer = await RawClient.connect(server.port);
      const path = DEADLY[Math.floor(random() * DEADLY.length)] ?? '/exit';
      // A handler that throws after its answer has given that answer.
      expect((await killer.get(path)).status, path).toBe(path === '/late' ? 200 : 500);
    }
    going = false;
    // Answers of synchronous handlers are committed before another handler runs, so none of them can be lost.
    expect(await Promise.all(bystanders)).toEqual(new Array(8).fill(0));
    await expectRest(server, 3);
  });
});
