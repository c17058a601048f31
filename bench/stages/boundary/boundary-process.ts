/**
 * Measures what one core costs besides its time, and what the boundary between WebAssembly and JavaScript
 * does, and prints a BoundaryReport. Started with `--expose-gc`, for one core. `wasm|js milliseconds module`.
 */
import { readFileSync } from 'node:fs';
import { getHeapCodeStatistics, getHeapStatistics } from 'node:v8';
import { PARSE_COMPLETE } from '../../../assembly/record.ts';
import { createCore } from '../../../src/runtime/core/create-core.ts';
import { coreOptions, INPUT_ADDRESS } from '../../core-input.ts';
import { copiedBytes, countCopies } from '../../gate/deterministic/per-request/copies.ts';
import { SAMPLE_REQUESTS } from '../../requests.ts';
import { ROUTE_TABLE } from '../../route-table.ts';
import { leastTime } from '../least-time.ts';
import { DECODED } from './decoded.ts';

export interface BoundaryReport {
  /** Of JavaScript, for one core and its 100 routes. */
  readonly heapBytes: number;
  /** Of its region in the shared memory, that it has written to. */
  readonly regionBytesUsed: number;
  /** Machine code and bytecode of JavaScript that have come with the core. */
  readonly codeBytes: number;
  readonly allocatedBytesPerCall: number;
  readonly copiedBytesPerCall: number;
  /** Nanoseconds to make a string, by the names in decoded.ts. Of WebAssembly's process alone. */
  readonly decode: Readonly<Record<string, { readonly shared: number; readonly ordinary: number }>>;
  /** Of WebAssembly. The second compilation is that of a second worker. */
  readonly start: {
    readonly compileMicroseconds: number;
    readonly compileAgainMicroseconds: number;
    readonly instantiateMicroseconds: number;
  } | null;
}

/** So many are made, so that what one takes shows among all else. */
const CORES = 32;
/** Until V8 has optimised the way of a request. */
const WARM_UP_CALLS = 20_000;
/** Many, since V8 counts heap that it hands out in pieces of 256 KB. */
const COUNTED_CALLS = 200_000;
/** The least counts, since V8 may compile during one. */
const COUNTS = 3;

const [kind = '', milliseconds = '', modulePath = ''] = process.argv.slice(2);
const coreKind = kind === 'wasm' ? 'wasm' : 'js';
const input = Buffer.from(SAMPLE_REQUESTS[0]?.text ?? '', 'latin1');

const start = coreKind === 'wasm' ? timeStart() : null;
const codeBefore = codeOfJavaScript();
const core = makeCore();
parse(core, WARM_UP_CALLS);
const codeBytes = codeOfJavaScript() - codeBefore;
const allocatedBytesPerCall = Math.min(...Array.from({ length: COUNTS }, countAllocated));
const decode = coreKind === 'wasm' ? timeDecoding() : {};
const heapBytes = heapOfOne();
const copiedBytesPerCall = countCopied();
const report: BoundaryReport = {
  heapBytes,
  regionBytesUsed: regionBytesUsed(),
  codeBytes,
  allocatedBytesPerCall,
  copiedBytesPerCall,
  decode,
  start,
};
process.stdout.write(JSON.stringify(report));

function makeCore() {
  const made = createCore(coreKind, coreOptions(input));
  made.loadRoutes(ROUTE_TABLE);
  return made;
}

function parse(parsing: ReturnType<typeof makeCore>, times: number): void {
  for (let time = 0; time < times; time++) {
    if (parsing.parse(INPUT_ADDRESS, input.length) !== PARSE_COMPLETE) throw new Error('not a whole request');
  }
}

function timeStart(): BoundaryReport['start'] {
  const wire = readFileSync(modulePath);
  const times = [performance.now()];
  const module = new WebAssembly.Module(wire);
  times.push(performance.now());
  new WebAssembly.Module(wire);
  times.push(performance.now());
  new WebAssembly.Instance(module, { env: { memory: coreOptions(input).memory } });
  times.push(performance.now());
  const between = (index: number) => ((times[index + 1] ?? 0) - (times[index] ?? 0)) * 1000;
  return {
    compileMicroseconds: between(0),
    compileAgainMicroseconds: between(1),
    instantiateMicroseconds: between(2),
  };
}

function codeOfJavaScript(): number {
  globalThis.gc?.();
  const { code_and_metadata_size: machine, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics();
  return machine + bytecode;
}

function countAllocated(): number {
  const before = allocatedBytes();
  parse(core, COUNTED_CALLS);
  return (allocatedBytes() - before) / COUNTED_CALLS;
}

/** Last, because the methods that copy are slower from then on. */
function countCopied(): number {
  countCopies();
  const before = copiedBytes();
  parse(core, COUNTED_CALLS);
  return (copiedBytes() - before) / COUNTED_CALLS;
}

function allocatedBytes(): number {
  const { total_allocated_bytes: bytes } = getHeapStatistics() as unknown as Record<string, number>;
  return bytes ?? Number.NaN;
}

function heapOfOne(): number {
  const heap = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  const kept = Array.from({ length: CORES }, makeCore);
  return Math.max(0, heap() - before) / kept.length;
}

/** From its beginning to the last byte that is not zero. The region of a JavaScript core is its record. */
function regionBytesUsed(): number {
  const options = coreOptions(input);
  const used = createCore(coreKind, options);
  used.loadRoutes(ROUTE_TABLE);
  used.parse(INPUT_ADDRESS, input.length);
  const region = new Uint8Array(options.memory.buffer, options.regionAddress, options.regionBytes);
  return region.findLastIndex((byte) => byte !== 0) + 1;
}

/** The same call on memory that WebAssembly parses in, and on a buffer of Node.js. */
function timeDecoding(): BoundaryReport['decode'] {
  const shared = Buffer.from(coreOptions(input).memory.buffer);
  const ordinary = Buffer.alloc(shared.length);
  return Object.fromEntries(
    DECODED.map(({ name, text, encoding }) => {
      for (const buffer of [shared, ordinary]) buffer.write(text, INPUT_ADDRESS, 'utf8');
      const end = INPUT_ADDRESS + Buffer.byteLength(text);
      const timeIn = (buffer: Buffer) =>
        leastTime((times) => {
          let characters = 0;
          for (let time = 0; time < times; time++) {
            characters = (characters + buffer.toString(encoding, INPUT_ADDRESS, end).length) | 0;
          }
          return characters;
        }, Number(milliseconds));
      return [name, { shared: timeIn(shared), ordinary: timeIn(ordinary) }];
    }),
  );
}
