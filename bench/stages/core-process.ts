/**
 * Times one core on all cases and prints a CoreReport. It is a process of its own, with one core: code that
 * V8 has optimised for one core is not undone by the other. `wasm|js milliseconds forward|backward`.
 */
import { performance } from 'node:perf_hooks';
import * as r from '../../assembly/record.ts';
import type { Core } from '../../src/runtime/core/core.ts';
import { coreOptions, INPUT_ADDRESS } from '../core-input.ts';
import { CORE_CASES, type CoreCase } from './cases.ts';
import { leastTime } from './least-time.ts';

export interface CoreReport {
  /** From the bytes of the module on disk, or the first use of the classes, to the first answer. */
  readonly firstAnswerMicroseconds: number;
  /** Nanoseconds of one request of each case. Of the beginning of one: of one call. */
  readonly nanoseconds: Readonly<Record<string, number>>;
  /** What the record held after each case, to compare with that of the other core. */
  readonly answers: Readonly<Record<string, readonly number[]>>;
}

const [kind = '', milliseconds = '', order = ''] = process.argv.slice(2);
const batchMs = Number(milliseconds);

const makeCore = await coreMaker();
const firstAnswerMicroseconds = timeFirstAnswer();
const nanoseconds: Record<string, number> = {};
const answers: Record<string, readonly number[]> = {};
for (const one of order === 'backward' ? CORE_CASES.toReversed() : CORE_CASES) {
  const run = runnerOf(one);
  answers[one.name] = run(1);
  nanoseconds[one.name] = leastTime(run, batchMs) / Math.max(one.requests, 1);
}
const report: CoreReport = { firstAnswerMicroseconds, nanoseconds, answers };
process.stdout.write(JSON.stringify(report));

/** Only the core that is timed is loaded. */
async function coreMaker(): Promise<(input: Uint8Array) => Core> {
  if (kind === 'wasm') {
    const { WasmCore } = await import('../../src/runtime/core/wasm/wasm-core.ts');
    return (input) => new WasmCore(coreOptions(input));
  }
  const { JsCore } = await import('../../src/runtime/core/js/js-core.ts');
  return (input) => new JsCore(coreOptions(input));
}

function timeFirstAnswer(): number {
  const input = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const options = performance.now();
  const core = makeCore(input);
  core.loadRoutes([{ method: 'GET', path: '/' }]);
  core.parse(INPUT_ADDRESS, input.length);
  return (performance.now() - options) * 1000;
}

/** @returns a function that parses all bytes so many times, and returns what the record says at the end */
function runnerOf({ text, requests, routes }: CoreCase): (times: number) => readonly number[] {
  const input = Buffer.from(text, 'latin1');
  const core = makeCore(input);
  core.loadRoutes(routes);
  const { record } = core;
  const end = INPUT_ADDRESS + input.length;
  const parseOnce = (): void => {
    for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
      if (core.parse(address, end - address) !== r.PARSE_COMPLETE) throw new Error('not a whole request');
    }
  };
  const beginOnce = (): void => {
    record.fill(0, r.RESUME, r.RESUME + r.RESUME_WORDS);
    if (core.parse(INPUT_ADDRESS, input.length) !== r.PARSE_NEED) throw new Error('not the beginning of one');
  };
  const once = requests === 0 ? beginOnce : parseOnce;
  return (times) => {
    for (let time = 0; time < times; time++) once();
    return requests === 0 ? [record[r.STATUS] as number] : answerIn(record);
  };
}

/** The words that mean something after a whole request. */
function answerIn(record: Int32Array): number[] {
  const parameters = r.PARAMETERS + 2 * (record[r.PARAMETER_COUNT] as number);
  const headers = r.HEADERS + r.HEADER_WORDS * (record[r.HEADER_COUNT] as number);
  return [
    ...record.subarray(r.STATUS, r.AUTHORITY_LENGTH + 1),
    ...record.subarray(r.PARAMETERS, parameters),
    ...record.subarray(r.WELL_KNOWN, headers),
  ];
}
