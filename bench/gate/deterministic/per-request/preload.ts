/**
 * Preloaded (`--import`) into a server, where it counts what requests cost. It runs in the main thread and in
 * each worker, before anything of the server does. The gate asks the main thread over IPC, and that asks all
 * threads.
 *
 *  - Calls over the boundary of WebAssembly: the exports of each instance are wrapped.
 *  - Bytes copied: from `count-copies` on, the methods of Node.js and of typed arrays that copy bytes are.
 *  - Heap allocated: V8 counts it. The wrapped methods would allocate too, so it is read before.
 */
import { getHeapStatistics } from 'node:v8';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { copiedBytes, countCopies } from './copies.ts';

export interface ThreadCounts {
  readonly isMain: boolean;
  readonly boundaryCalls: number;
  readonly copiedBytes: number;
  /** Since the thread has started. */
  readonly allocatedBytes: number;
}

/** From the gate to the main thread, and on to the workers. */
export type Question = 'counts' | 'count-copies';

/** Between threads: a worker has come, a question of the main thread, or an answer to it. */
type Message = 'hello' | Question | ThreadCounts;

/** A typed array, since a number that grows would be an allocation of its own. */
const boundaryCalls = new Float64Array(1);

type WasmFunction = (one?: number, two?: number, three?: number, four?: number) => unknown;

interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}
type InstanceConstructor = new (module: object, imports?: object) => Instance;

/** What the server will find under this name, and what it is elsewhere. */
const namespace = WebAssembly as unknown as { Instance: InstanceConstructor };
const { Instance } = namespace;

/** Takes the place of an instance, of which nothing but the exports is used. */
class CountedInstance implements Instance {
  readonly exports: Instance['exports'];

  constructor(module: object, imports?: object) {
    const { exports } = new Instance(module, imports);
    this.exports = Object.fromEntries(
      Object.entries(exports).map(([name, value]) => [
        name,
        typeof value === 'function' ? counted(value as WasmFunction) : value,
      ]),
    );
  }
}

/** No rest parameter, which would be an array on the heap. No export has more parameters. */
function counted(called: WasmFunction): WasmFunction {
  return (one, two, three, four) => {
    boundaryCalls[0] = (boundaryCalls[0] as number) + 1;
    return called(one, two, three, four);
  };
}

function counts(): ThreadCounts {
  const { total_allocated_bytes: allocatedBytes } = getHeapStatistics() as unknown as Record<string, number>;
  return {
    isMain: isMainThread,
    boundaryCalls: boundaryCalls[0] as number,
    copiedBytes: copiedBytes(),
    allocatedBytes: allocatedBytes ?? Number.NaN,
  };
}

namespace.Instance = CountedInstance;
const channel = new BroadcastChannel('cloudvm-gate-counts');
channel.unref();

if (isMainThread) {
  let workers = 0;
  let answers: ThreadCounts[] = [];
  channel.onmessage = (event) => {
    const { data } = event as { data: Message };
    if (data === 'hello') workers += 1;
    else if (typeof data === 'object') answers.push(data);
    if (answers.length === workers + 1) {
      process.send?.(answers);
      answers = [];
    }
  };
  process.on('message', (question: Question) => {
    if (question === 'count-copies') countCopies();
    answers = [counts()];
    channel.postMessage(question);
  });
  process.channel?.unref();
} else {
  channel.onmessage = (event) => {
    const { data } = event as { data: Message };
    if (data === 'count-copies') countCopies();
    if (data === 'count-copies' || data === 'counts') channel.postMessage(counts());
  };
  channel.postMessage('hello');
}
