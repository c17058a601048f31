/**
 * What the boundary between JavaScript and WebAssembly costs beside calls: memory, code, strings, copies, and
 * the start of a worker.
 */
import { join } from 'node:path';
import { estimate, estimateRatio } from '../../laboratory/bootstrap.ts';
import type { CoreStages } from '../../laboratory/results.ts';
import { ManagedProcess } from '../../processes/managed-process.ts';
import { ScratchDirectory } from '../../processes/scratch-directory.ts';
import { bundleAsServed } from '../bundle-as-served.ts';
import type { MeasureOptions } from '../measure-cores.ts';
import type { BoundaryReport } from './boundary-process.ts';
import { DECODED } from './decoded.ts';

type Boundary = NonNullable<CoreStages['boundary']>;

const SCRIPT = join(import.meta.dirname, 'boundary-process.ts');
const CODE_SCRIPT = join(import.meta.dirname, 'code-process.ts');
const MODULE = join(import.meta.dirname, '../../../build/core.wasm');
const ALL_AT_ONCE = ['--no-wasm-lazy-compilation', '--no-liftoff'];
const KINDS = ['wasm', 'js'] as const;
/** Each has two processes. */
const MOST_ROUNDS = 3;

export async function measureBoundary(options: MeasureOptions): Promise<Boundary> {
  options.note('memory, strings and start of the cores');
  using directory = new ScratchDirectory();
  const script = join(directory.path, 'boundary-process.mjs');
  await bundleAsServed(SCRIPT, script);
  const reports: Record<(typeof KINDS)[number], BoundaryReport[]> = { wasm: [], js: [] };
  for (let round = 0; round < Math.min(options.rounds, MOST_ROUNDS); round += 1) {
    for (const kind of KINDS) {
      const output = await outputOf(['--expose-gc', script, kind, `${options.milliseconds}`, MODULE]);
      reports[kind].push(JSON.parse(output));
    }
  }
  const moduleCodeBytes = Number(await outputOf([...ALL_AT_ONCE, CODE_SCRIPT, MODULE]));
  return {
    wasm: memoryOf(reports.wasm, moduleCodeBytes),
    js: memoryOf(reports.js, 0),
    start: startOf(reports.wasm),
    decode: DECODED.map(({ name }) => decodeOf(name, reports.wasm)),
  };
}

async function outputOf(parameters: readonly string[]): Promise<string> {
  await using child = await ManagedProcess.start(process.execPath, parameters);
  return await child.output();
}

function memoryOf(reports: readonly BoundaryReport[], moduleCodeBytes: number): Boundary['wasm'] {
  return {
    heapBytes: estimate(reports.map(({ heapBytes }) => heapBytes)),
    regionBytesUsed: Math.max(...reports.map(({ regionBytesUsed }) => regionBytesUsed)),
    scriptCodeBytes: estimate(reports.map(({ codeBytes }) => codeBytes)),
    moduleCodeBytes,
    allocatedBytesPerCall: estimate(reports.map(({ allocatedBytesPerCall }) => allocatedBytesPerCall)),
    copiedBytesPerCall: Math.max(...reports.map(({ copiedBytesPerCall }) => copiedBytesPerCall)),
  };
}

function startOf(reports: readonly BoundaryReport[]): Boundary['start'] {
  const part = (name: keyof NonNullable<BoundaryReport['start']>) =>
    estimate(reports.map(({ start }) => start?.[name] ?? Number.NaN));
  return {
    compileMicroseconds: part('compileMicroseconds'),
    compileAgainMicroseconds: part('compileAgainMicroseconds'),
    instantiateMicroseconds: part('instantiateMicroseconds'),
  };
}

function decodeOf(name: string, reports: readonly BoundaryReport[]): Boundary['decode'][number] {
  const shared = reports.map(({ decode }) => decode[name]?.shared ?? Number.NaN);
  const ordinary = reports.map(({ decode }) => decode[name]?.ordinary ?? Number.NaN);
  return {
    name,
    sharedNanoseconds: estimate(shared),
    ordinaryNanoseconds: estimate(ordinary),
    ratio: estimateRatio(shared, ordinary),
  };
}
