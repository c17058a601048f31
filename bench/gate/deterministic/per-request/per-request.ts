/**
 * What one plain request costs besides instructions: calls over the boundary of WebAssembly, bytes copied,
 * heap allocated, and system calls. The requests come in fixed patterns, to a server with one worker.
 */
import type { Tree } from '../../tree.ts';
import { type Figures, figures, merged, skipped } from '../figures.ts';
import { CountedServer } from './counted-server.ts';
import { LockstepClient, type Pattern } from './lockstep-client.ts';
import type { ThreadCounts } from './preload.ts';
import { traceSystemCalls, transfersOf, whyNoTransfers } from './system-calls.ts';

/** Not /health, which the main thread answers itself while the worker of a busy machine gets no time. */
const PATH = '/params/one/two';

const PATTERNS: Readonly<Record<string, Pattern>> = {
  alone: { connections: 1, pipelined: 1 },
  pipelined: { connections: 1, pipelined: 16 },
  together: { connections: 64, pipelined: 1 },
};

/** Until V8 has optimised the way of a request. */
const WARM_UP_REQUESTS = 20_000;
const COUNTED_REQUESTS = 3_200;
/** The least of these counts: V8 may compile during one, and a busy machine may wake threads more often. */
const ROUNDS = 4;
/** Each call stops the server twice under strace. */
const TRACED_REQUESTS = 1_600;

export async function countPerRequest(tree: Tree): Promise<Figures> {
  await using server = await CountedServer.start(tree);
  const parts: Figures[] = [];
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    using client = await LockstepClient.connect(server.url + PATH, pattern);
    await client.ask(WARM_UP_REQUESTS);
    parts.push(await heapAndCalls(name, server, client), await systemCalls(name, server, client));
  }
  // Last, because the wrapped methods are slower and allocate.
  await server.ask('count-copies');
  for (const [name, pattern] of Object.entries(PATTERNS)) {
    using client = await LockstepClient.connect(server.url + PATH, pattern);
    parts.push(await copies(name, server, client));
  }
  return merged(parts);
}

async function heapAndCalls(name: string, server: CountedServer, client: LockstepClient): Promise<Figures> {
  const rounds: Difference[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await countsOf(server, client));
  const least = (thread: keyof Difference) =>
    Math.min(...rounds.map((round) => round[thread].allocatedBytes));
  const calls = rounds.map(({ main, workers }) => main.boundaryCalls + workers.boundaryCalls);
  return figures([
    [`boundary-calls.${name}`, Math.max(...calls)],
    [`heap.${name}`, least('main') + least('workers')],
  ]);
}

async function copies(name: string, server: CountedServer, client: LockstepClient): Promise<Figures> {
  const { main, workers } = await countsOf(server, client);
  return figures([
    [`copied.${name}`, main.copiedBytes + workers.copiedBytes],
    [`bytes.${name}`, client.bytes.request + client.bytes.answer],
  ]);
}

async function systemCalls(name: string, server: CountedServer, client: LockstepClient): Promise<Figures> {
  const why = whyNoTransfers();
  if (why !== undefined) return skipped('system-calls.', why);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = transfersOf(server.pid);
    const requests = await client.ask(COUNTED_REQUESTS);
    rounds.push((transfersOf(server.pid) - before) / requests);
  }
  const counted = figures([[`system-calls.transfers.${name}`, Math.min(...rounds)]]);
  let requests = 0;
  const all = await traceSystemCalls(server.pid, async () => {
    requests = await client.ask(TRACED_REQUESTS);
  });
  if (all === undefined)
    return merged([counted, skipped('system-calls.all.', 'strace is missing or may not attach')]);
  return merged([counted, figures([[`system-calls.all.${name}`, all / requests]])]);
}

type Counts = Omit<ThreadCounts, 'isMain'>;

/** For one request. */
interface Difference {
  readonly main: Counts;
  /** All together. */
  readonly workers: Counts;
}

async function countsOf(server: CountedServer, client: LockstepClient): Promise<Difference> {
  const before = await server.ask('counts');
  const requests = await client.ask(COUNTED_REQUESTS);
  const after = await server.ask('counts');
  const difference = (isMain: boolean): Counts => {
    const sum = (counts: readonly ThreadCounts[], name: keyof Counts) =>
      counts.filter((thread) => thread.isMain === isMain).reduce((total, thread) => total + thread[name], 0);
    const each = (name: keyof Counts) => (sum(after, name) - sum(before, name)) / requests;
    return {
      boundaryCalls: each('boundaryCalls'),
      copiedBytes: each('copiedBytes'),
      allocatedBytes: each('allocatedBytes'),
    };
  };
  return { main: difference(true), workers: difference(false) };
}
