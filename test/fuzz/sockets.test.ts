/**
 * Mutants over real sockets, in any pieces. The server answers each request that its core accepts, in order.
 * Then it refuses the first one that the core does not accept, and holds nothing afterwards.
 */

import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { Connection } from '../conformance/connection.ts';
import { fieldValues, isInterim, type Response } from '../conformance/response.ts';
import { ECHO_APPLICATION, expectRest, startServer } from '../runtime/server/support/start.ts';
import { effort, freshSeed } from '../support/effort.ts';
import { Arena, FUZZ_ROUTES } from './arena.ts';
import { randomCuts } from './checks.ts';
import { loadCorpus } from './corpus.ts';
import { mutate } from './mutate.ts';
import { hasStrayHead, mayDeclineContent, mayEndWithStream, type Prediction, predict } from './predict.ts';
import { Random } from './random.ts';

const INPUTS = effort(1200, 12_000);
const AT_A_TIME = 24;
const DEADLINE_MS = 20_000;
const ECHO_ROUTES = new Set(
  FUZZ_ROUTES.flatMap(({ method, path }, number) => (path === '/echo' && method !== 'GET' ? [number] : [])),
);

/** Inputs whose answers more than the core decides. */
const UNDECIDED = [hasStrayHead, mayDeclineContent, mayEndWithStream];

let server: Server;

beforeAll(async () => {
  server = await startServer({ app: ECHO_APPLICATION, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 });
});

afterAll(() => server.close());

interface Plan {
  readonly input: Buffer;
  readonly cuts: readonly number[];
  readonly prediction: Prediction;
}

/**
 * All random choices are made before the first byte is sent, so a seed repeats them in any order of events.
 */
function makePlans(seed: number): Plan[] {
  const arena = new Arena();
  const random = new Random(seed);
  const corpus = loadCorpus();
  return Array.from({ length: INPUTS }, () => {
    const input = mutate(corpus, random);
    const cuts = random.oneIn(2) ? randomCuts(input.length, random) : [];
    return { input, cuts, prediction: predict(arena, arena.js, input, ECHO_ROUTES) };
  });
}

/** @returns what is wrong with the answers, or undefined */
async function play({ input, cuts, prediction }: Plan): Promise<string | undefined> {
  using connection = await Connection.open({ host: '127.0.0.1', port: server.port }, prediction.heads);
  let from = 0;
  for (const cut of [...cuts, input.length]) {
    await connection.write(input.subarray(from, cut));
    from = cut;
  }
  connection.finish();
  if (!(await connection.until(() => connection.closed, DEADLINE_MS))) return 'the connection was left open';
  const finals = connection.responses.filter((response) => !isInterim(response));
  if (connection.rest !== '') return `bytes that are no response: ${connection.rest.slice(0, 80)}`;
  const malformed = finals.find(({ problems, complete }) => problems.length > 0 || !complete);
  if (malformed !== undefined) return `malformed: ${malformed.problems.join(', ') || 'cut short'}`;
  return compare(prediction, finals);
}

function compare(
  { echoes, refusal, unfinished }: Prediction,
  finals: readonly Response[],
): string | undefined {
  const statuses = finals.map(({ status }) => status).join(', ');
  for (const [i, echo] of echoes.entries()) {
    const response = finals[i];
    if (response === undefined) return `request ${i + 1} of ${echoes.length} was not answered (${statuses})`;
    if (response.status === 200 && echo !== undefined && contentOf(response) !== echo)
      return `echo ${i + 1} differs`;
  }
  const [last, ...others] = finals.slice(echoes.length);
  if (others.length > 0) return `${others.length} responses too many (${statuses})`;
  if (refusal !== undefined && last?.status !== refusal)
    return `refused with ${last?.status}, expected ${refusal}`;
  if (refusal !== undefined || last === undefined) return undefined;
  // If the bytes end inside a request, the server may answer or not.
  return unfinished && last.status === 400 ? undefined : `one response too many (${statuses})`;
}

function contentOf(response: Response): string {
  if (fieldValues(response, 'content-encoding').length === 0) return response.body;
  return gunzipSync(Buffer.from(response.body, 'latin1')).toString('latin1');
}

describe('a server that gets mutated requests', () => {
  it.each([1, freshSeed('mutated requests')])('answers as its core predicts, seed %i', async (seed) => {
    const queue = makePlans(seed).values();
    const problems: string[] = [];
    const player = async (): Promise<void> => {
      for (const plan of queue) {
        if (UNDECIDED.some((isUndecided) => isUndecided(plan.input))) continue;
        const problem = await play(plan);
        if (problem !== undefined) {
          problems.push(
            `${problem}: ${JSON.stringify(plan.input.toString('latin1'))} cut at ${plan.cuts.join(',')}`,
          );
        }
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, player));
    expect(problems).toEqual([]);
    await expectRest(server);
  });
});
