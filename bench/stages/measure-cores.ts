/**
 * Times the stages of both cores in turn, each time in a fresh process. First it makes sure that both give
 * the same answers.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { estimate, estimateRatio } from '../laboratory/bootstrap.ts';
import type { CoreStages } from '../laboratory/results.ts';
import { ManagedProcess } from '../processes/managed-process.ts';
import { ScratchDirectory } from '../processes/scratch-directory.ts';
import { bundleAsServed } from './bundle-as-served.ts';
import { CORE_CASES, type CoreCase } from './cases.ts';
import type { CoreReport } from './core-process.ts';

export interface MeasureOptions {
  readonly rounds: number;
  /** Of each batch. A case has 40, of which half are for V8 to warm up. */
  readonly milliseconds: number;
  readonly note: (text: string) => void;
}

type Kind = 'wasm' | 'js';
type Reports = Readonly<Record<Kind, CoreReport[]>>;

const SCRIPT = join(import.meta.dirname, 'core-process.ts');
const MODULE = join(import.meta.dirname, '../../build/core.wasm');

export async function measureCores(options: MeasureOptions): Promise<Pick<CoreStages, 'stages' | 'start'>> {
  const reports: Reports = { wasm: [], js: [] };
  using directory = new ScratchDirectory();
  const script = join(directory.path, 'core-process.mjs');
  await bundleAsServed(SCRIPT, script);
  for (let round = 0; round < options.rounds; round += 1) {
    options.note(`stages, round ${round + 1} of ${options.rounds}`);
    const isEven = round % 2 === 0;
    for (const kind of isEven ? (['wasm', 'js'] as const) : (['js', 'wasm'] as const)) {
      reports[kind].push(await reportOf(script, kind, options.milliseconds, isEven ? 'forward' : 'backward'));
    }
    for (const { name } of CORE_CASES) {
      const [wasm, js] = [reports.wasm.at(-1), reports.js.at(-1)];
      assert.deepEqual(wasm?.answers[name], js?.answers[name], `the cores disagree on ${name}`);
    }
  }
  const first = (kind: Kind) => estimate(reports[kind].map((report) => report.firstAnswerMicroseconds));
  return {
    stages: CORE_CASES.filter((one) => isShown(one)).map((one) => stageOf(one, reports)),
    start: {
      wasmMicroseconds: first('wasm'),
      jsMicroseconds: first('js'),
      moduleBytes: statSync(MODULE).size,
    },
  };
}

async function reportOf(
  script: string,
  kind: Kind,
  milliseconds: number,
  order: string,
): Promise<CoreReport> {
  await using child = await ManagedProcess.start(process.execPath, [script, kind, `${milliseconds}`, order]);
  return JSON.parse(await child.output());
}

/** The cases without routes are only there to be taken away. */
function isShown({ stage, without }: CoreCase): boolean {
  return stage === 'parse' || without !== undefined;
}

function stageOf(one: CoreCase, reports: Reports): CoreStages['stages'][number] {
  const wasm = reports.wasm.map((report) => timeOf(one, report));
  const js = reports.js.map((report) => timeOf(one, report));
  return {
    stage: one.stage,
    name: one.name,
    bytes: one.text.length / Math.max(one.requests, 1),
    wasmNanoseconds: estimate(wasm),
    jsNanoseconds: estimate(js),
    gain: estimateRatio(js, wasm),
  };
}

function timeOf({ name, without }: CoreCase, { nanoseconds }: CoreReport): number {
  const whole = nanoseconds[name] ?? Number.NaN;
  return without === undefined ? whole : whole - (nanoseconds[without] ?? Number.NaN);
}
