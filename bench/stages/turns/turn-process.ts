/**
 * Times the turns of a worker on all cases and prints a TurnReport: with the core that is named, or with one
 * that replays. It is a process of its own for the reason that core-process.ts gives.
 * `wasm|js|replay milliseconds`.
 */
import * as r from '../../../assembly/record.ts';
import type { Core } from '../../../src/runtime/core/core.ts';
import { createCore } from '../../../src/runtime/core/create-core.ts';
import { ParseRecord } from '../../../src/runtime/core/parse-record.ts';
import { encodeHead } from '../../../src/runtime/http/response/response-head.ts';
import { RunningRequest } from '../../../src/runtime/worker/turn/running-request.ts';
import { coreOptions, INPUT_ADDRESS } from '../../core-input.ts';
import { leastTime } from '../least-time.ts';
import { TURN_CASES, type TurnCase } from './cases.ts';
import { ReplayingCore } from './replaying-core.ts';
import { TimedWorker } from './timed-worker.ts';

/** Nanoseconds of one request of each case. */
type Times = Readonly<Record<string, number>>;

export interface TurnReport {
  readonly turn: Times;
  /** Alone, of a core that does not replay. */
  readonly parse: Times;
  readonly match: Times;
  /** Alone, where the core replays. */
  readonly handler: Times;
}

const WARM_UP_BATCHES = 10;
const TIMED_BATCHES = 15;
/** A turn that is timed together with the clock takes some hundred nanoseconds more. */
const LEAST_TURNS = 20;

const [kind = '', milliseconds = ''] = process.argv.slice(2);
const batchMs = Number(milliseconds);
const report = { turn: {}, parse: {}, match: {}, handler: {} } satisfies Record<keyof TurnReport, Times>;
for (const one of TURN_CASES) {
  if (kind === 'replay') await timeWithoutCore(one);
  else await timeWithCore(one, kind === 'wasm' ? 'wasm' : 'js');
}
process.stdout.write(JSON.stringify(report satisfies TurnReport));

async function timeWithCore(one: TurnCase, core: 'wasm' | 'js'): Promise<void> {
  const worker = new TimedWorker((options) => createCore(core, options));
  note('turn', one, await leastTurn(worker, one));
  const input = Buffer.from(one.text, 'latin1');
  const whole = leastTime(
    parsing(createCore(core, coreOptions(input)), input, worker.pipeline.routes),
    batchMs,
  );
  const parse = leastTime(parsing(createCore(core, coreOptions(input)), input, []), batchMs);
  note('parse', one, parse);
  note('match', one, whole - parse);
}

async function timeWithoutCore(one: TurnCase): Promise<void> {
  const request = Buffer.from(one.text.slice(0, one.text.length / one.requests), 'latin1');
  const core = new ReplayingCore(createCore('wasm', coreOptions(request)));
  const worker = new TimedWorker(() => core);
  core.learn(INPUT_ADDRESS, request.length);
  note('turn', one, await leastTurn(worker, one));
  note('handler', { ...one, requests: 1 }, leastTime(handling(worker, core, request), batchMs));
}

function note(part: keyof TurnReport, { name, requests }: TurnCase, nanoseconds: number): void {
  (report[part] as Record<string, number>)[name] = nanoseconds / requests;
}

async function leastTurn(worker: TimedWorker, { text, requests }: TurnCase): Promise<number> {
  const bytes = Buffer.from(text, 'latin1');
  const one = await worker.answerTo(bytes.subarray(0, bytes.length / requests), 1);
  if (!one.startsWith('HTTP/1.1 200 OK\r\n')) throw new Error('the request is refused');
  const answerBytes = one.length * requests;
  let turns = LEAST_TURNS;
  let least = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < WARM_UP_BATCHES + TIMED_BATCHES; ) {
    const elapsed = await worker.timeTurns(bytes, answerBytes, turns);
    if (elapsed < (batchMs * 1e6) / 2) {
      turns *= 2;
      continue;
    }
    batch++;
    if (batch > WARM_UP_BATCHES) least = Math.min(least, elapsed / turns);
  }
  return least;
}

function parsing(core: Core, input: Uint8Array, routes: Parameters<Core['loadRoutes']>[0]) {
  core.loadRoutes(routes);
  const { record } = core;
  const end = INPUT_ADDRESS + input.length;
  return (times: number): void => {
    for (let time = 0; time < times; time++) {
      for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
        if (core.parse(address, end - address) !== r.PARSE_COMPLETE) throw new Error('not a whole request');
      }
    }
  };
}

/** Makes request and response, runs the pipeline, and encodes the response into memory. */
function handling({ worker, pipeline }: TimedWorker, core: Core, bytes: Buffer) {
  const source = { record: new ParseRecord(core.record), bytes, address: 0, peer: worker.peers.of(0, 0) };
  const memory = Buffer.from(new SharedArrayBuffer(4096));
  return (times: number): void => {
    for (let time = 0; time < times; time++) {
      const running = new RunningRequest(source, 0);
      if (pipeline.run(running.request, running.response) !== undefined) throw new Error('the handler waits');
      const body = running.response.body as string;
      running.bodyLength = body.length;
      const head = encodeHead(running.response, running, 0);
      memory.write(head, 0, head.length, 'latin1');
      memory.write(body, head.length, body.length, 'latin1');
    }
  };
}
