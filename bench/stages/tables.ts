/** The stages of both cores as tables in Markdown, for the command and for the report. */
import type { CoreStages } from '../laboratory/results.ts';
import { paragraphs, table } from '../report/markdown.ts';
import { percent, ratio, ratioWithInterval, significant } from '../report/numbers.ts';
import { wholeGain } from './amdahl.ts';

export function coreStagesTables({ stages, start, requests, turns, boundary }: CoreStages): string {
  return paragraphs(
    table([
      ['stage', 'bytes', 'WebAssembly, ns', 'JavaScript, ns', 'JavaScript ÷ WebAssembly'],
      ...stages.map(({ stage, name, bytes, wasmNanoseconds, jsNanoseconds, gain }) => [
        `${stage}: ${name}`,
        significant(bytes),
        significant(wasmNanoseconds.median),
        significant(jsNanoseconds.median),
        ratioWithInterval(gain),
      ]),
    ]),
    turns === undefined ? '' : turnTables(turns),
    requests.length === 0 ? '' : requestTable(requests),
    boundary === undefined ? '' : boundaryTables(boundary),
    table([
      ['start of a core', 'WebAssembly', 'JavaScript'],
      [
        'until its first answer, µs',
        significant(start.wasmMicroseconds.median),
        significant(start.jsMicroseconds.median),
      ],
      ['module, bytes', significant(start.moduleBytes), 'none'],
    ]),
  );
}

function requestTable(requests: CoreStages['requests']): string {
  return table([
    [
      'whole request',
      'WebAssembly, µs CPU',
      'JavaScript, µs CPU',
      'share of parse and match',
      'gain by Amdahl',
      'gain measured',
    ],
    ...requests.map((one) => [
      `${one.name}, ${one.workers} ${one.workers === 1 ? 'worker' : 'workers'}`,
      significant(one.wasmMicroseconds.median),
      significant(one.jsMicroseconds.median),
      percent(one.share),
      ratio(one.predictedGain),
      ratioWithInterval(one.measuredGain),
    ]),
  ]);
}

type Turn = NonNullable<CoreStages['turns']>[number];

/** Parse and match in the turn with the JavaScript core, and how much WebAssembly gains of them alone. */
function predictedGain({ js, wasm }: Turn): number {
  const jsCore = js.parseNanoseconds.median + js.matchNanoseconds.median;
  const wasmCore = wasm.parseNanoseconds.median + wasm.matchNanoseconds.median;
  return wholeGain(jsCore / js.turnNanoseconds.median, jsCore / wasmCore);
}

function turnTables(turns: readonly Turn[]): string {
  const columns = ['parse', 'match', 'handler, encoding', 'rest', 'their sum', 'turn', 'parse and match'];
  return paragraphs(
    table([
      ['a worker’s turn, ns of one request', 'core', ...columns],
      ...turns.flatMap((turn) => [
        turnRow(turn, 'WebAssembly', turn.wasm),
        turnRow(turn, 'JavaScript', turn.js),
      ]),
    ]),
    table([
      ['a worker’s turn', 'gain by Amdahl', 'gain measured'],
      ...turns.map((turn) => [turn.name, ratio(predictedGain(turn)), ratioWithInterval(turn.gain)]),
    ]),
  );
}

function turnRow(
  { name, handlerNanoseconds, restNanoseconds }: Turn,
  core: string,
  parts: Turn['js'],
): string[] {
  const { parseNanoseconds, matchNanoseconds, turnNanoseconds, sumNanoseconds } = parts;
  const coreNanoseconds = parseNanoseconds.median + matchNanoseconds.median;
  return [
    name,
    core,
    significant(parseNanoseconds.median),
    significant(matchNanoseconds.median),
    significant(handlerNanoseconds.median),
    significant(restNanoseconds.median),
    significant(sumNanoseconds),
    significant(turnNanoseconds.median),
    percent(coreNanoseconds / turnNanoseconds.median),
  ];
}

function boundaryTables({ wasm, js, start, decode }: NonNullable<CoreStages['boundary']>): string {
  const both = (name: string, of: (core: typeof wasm) => number) => [
    name,
    significant(of(wasm)),
    significant(of(js)),
  ];
  return paragraphs(
    table([
      ['one core, 100 routes', 'WebAssembly', 'JavaScript'],
      both('JavaScript heap, bytes', ({ heapBytes }) => heapBytes.median),
      both('used of its region in shared memory, bytes', ({ regionBytesUsed }) => regionBytesUsed),
      both('machine code and bytecode of JavaScript, bytes', ({ scriptCodeBytes }) => scriptCodeBytes.median),
      both('machine code of the module, for all workers, bytes', ({ moduleCodeBytes }) => moduleCodeBytes),
      both('heap allocated by a call, bytes', ({ allocatedBytesPerCall }) => allocatedBytesPerCall.median),
      both('copied by a call, bytes', ({ copiedBytesPerCall }) => copiedBytesPerCall),
      ['compiling the module, µs', significant(start.compileMicroseconds.median), 'none'],
      ['compiling it again in the process, µs', significant(start.compileAgainMicroseconds.median), 'none'],
      ['making an instance, µs', significant(start.instantiateMicroseconds.median), 'none'],
    ]),
    table([
      ['making a string, with both cores', 'of the shared memory, ns', 'of a buffer of Node.js, ns', 'ratio'],
      ...decode.map(({ name, sharedNanoseconds, ordinaryNanoseconds, ratio: times }) => [
        name,
        significant(sharedNanoseconds.median),
        significant(ordinaryNanoseconds.median),
        ratioWithInterval(times),
      ]),
    ]),
  );
}
