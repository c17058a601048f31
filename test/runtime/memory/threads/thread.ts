/**
 * Starts the entry files of this folder as real worker threads for the stress tests of src/runtime/memory. A
 * test holds a `TestThread` with `await using`, so that no thread outlives its test.
 */
import { Worker } from 'node:worker_threads';

interface Reader {
  resolve(message: unknown): void;
  reject(error: Error): void;
}

export class TestThread implements AsyncDisposable {
  readonly worker: Worker;
  /** Resolves with the exit code. Rejects with what the thread threw. */
  readonly exited: Promise<number>;
  readonly #messages: unknown[] = [];
  readonly #readers: Reader[] = [];
  #end: Error | undefined;

  /** @param entry file name in this folder */
  constructor(entry: string, workerData: unknown) {
    this.worker = new Worker(new URL(entry, import.meta.url), { workerData });
    this.exited = new Promise((resolve, reject) => {
      this.worker.once('error', reject);
      this.worker.once('exit', resolve);
    });
    this.exited.then(
      (code) => this.#ended(new Error(`the thread ended with code ${code} and said nothing more`)),
      (error: Error) => this.#ended(error),
    );
    this.worker.on('message', (message: unknown) => {
      const reader = this.#readers.shift();
      if (reader) reader.resolve(message);
      else this.#messages.push(message);
    });
  }

  /** The next message of the thread, in order. Rejects if the thread ends without one. */
  nextMessage(): Promise<unknown> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  #ended(end: Error): void {
    this.#end = end;
    for (const reader of this.#readers.splice(0)) reader.reject(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.terminate();
  }
}

/**
 * Starts `count` threads whose `workerData` differs by their number, and waits until all have ended. The
 * first that fails ends the others.
 */
export async function runThreads(
  entry: string,
  count: number,
  dataOf: (thread: number) => unknown,
): Promise<void> {
  await using threads = new AsyncDisposableStack();
  const ends: Promise<void>[] = [];
  for (let thread = 0; thread < count; thread++) {
    const { exited } = threads.use(new TestThread(entry, dataOf(thread)));
    ends.push(exited.then((code) => assertOrderly(thread, code)));
  }
  await Promise.all(ends);
}

function assertOrderly(thread: number, code: number): void {
  if (code !== 0) throw new Error(`thread ${thread} ended with code ${code}`);
}

/** Words of shared memory, as every primitive of src/runtime/memory gets them. */
export function sharedWords(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}
