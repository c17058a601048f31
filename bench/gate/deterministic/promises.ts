/**
 * The promises about figures that a busy machine does not change. Each has a limit of its own, with its
 * reason, and a tolerance for the comparison with another commit.
 *
 * The limits are no records of one machine. A count of calls, copies or bytes is the same everywhere. A count
 * of instructions depends on Node.js, which package-lock.json pins, and on the processor's architecture. So
 * absolute limits of instructions hold on x64 alone, a third above what is needed today. That is more than
 * compilers for different x64 processors differ. Ratios between the two cores hold everywhere. A smaller
 * change is found by `--base`, where both commits are counted on the same machine.
 */
import type { MeasuredCore } from './instructions/measurements.ts';

export interface FigurePromise {
  readonly figure: string;
  readonly title: string;
  readonly unit: string;
  readonly group: string;
  /** The limit: a number, or a multiple of another figure. */
  readonly atMost: number | { readonly times: number; readonly of: string };
  readonly because: string;
  /** With `--base`: how many times the figure of the base it may be. */
  readonly tolerance: number;
  /** The only architecture for which the limit is known. */
  readonly only?: NodeJS.Architecture;
}

const MODULE: readonly FigurePromise[] = [
  {
    figure: 'module.bytes',
    title: 'size of the WebAssembly module',
    unit: 'bytes',
    group: 'module',
    atMost: 24_576,
    because: 'each worker compiles it at its start, and its code shares 32 KB of instruction cache with V8',
    tolerance: 1.1,
  },
  {
    figure: 'module.imported-functions',
    title: 'functions that the module calls outside itself',
    unit: 'functions',
    group: 'module',
    atMost: 0,
    because: 'the core calls nothing, so a parse crosses the boundary only to begin and to end',
    tolerance: 1,
  },
];

const PATTERNS = {
  alone: 'one at a time',
  pipelined: '16 pipelined',
  together: '64 connections at once',
} as const;
type PatternName = keyof typeof PATTERNS;

interface PatternLimits {
  readonly heap: number;
  readonly transfers: number;
  readonly all: number;
  readonly transfersBecause: string;
}

const LIMITS: Readonly<Record<PatternName, PatternLimits>> = {
  alone: {
    heap: 3_500,
    transfers: 6.2,
    all: 16,
    transfersBecause:
      'one read and one write of the socket, and as many to wake the worker and to wake main: six',
  },
  pipelined: {
    heap: 1_800,
    transfers: 0.45,
    all: 1.1,
    transfersBecause: 'sixteen requests share the six transfers of one',
  },
  together: {
    heap: 2_300,
    transfers: 2.4,
    all: 3,
    transfersBecause: 'one read and one write of each socket. All 64 share the wake-ups',
  },
};

const PER_REQUEST: readonly FigurePromise[] = Object.entries(PATTERNS).flatMap(([key, words]) => {
  const limits = LIMITS[key as PatternName];
  return [
    {
      figure: `boundary-calls.${key}`,
      title: `calls into WebAssembly, ${words}`,
      unit: 'calls a request',
      group: 'one request',
      atMost: 1,
      because: 'one call parses a request and matches its route (core.ts)',
      tolerance: 1,
    },
    {
      figure: `copied.${key}`,
      title: `bytes copied, ${words}`,
      unit: 'bytes a request',
      group: 'one request',
      atMost: { times: 1, of: `bytes.${key}` },
      because:
        'a request is copied once, into shared memory, and a response once, into the ring. The kernel takes it there',
      tolerance: 1.05,
    },
    {
      figure: `heap.${key}`,
      title: `heap allocated, ${words}`,
      unit: 'bytes a request',
      group: 'one request',
      atMost: limits.heap,
      because: 'what is allocated is collected, in pauses. The limit is half as much again as today',
      tolerance: 1.3,
    },
    {
      figure: `system-calls.transfers.${key}`,
      title: `reads and writes, ${words}`,
      unit: 'calls a request',
      group: 'one request',
      atMost: limits.transfers,
      because: limits.transfersBecause,
      tolerance: 1.2,
    },
    {
      figure: `system-calls.all.${key}`,
      title: `system calls, ${words}`,
      unit: 'calls a request',
      group: 'one request',
      atMost: limits.all,
      because: 'reads, writes, and the sleeps between them. A third above today',
      tolerance: 1.25,
    },
  ];
});

interface CoreLimits {
  readonly browser: number;
  readonly api: number;
  readonly match: number;
}

/** Today 2,460 and 11,340, 1,550 and 5,820, 430 and 1,310. */
const CORE_LIMITS: Readonly<Record<MeasuredCore, CoreLimits>> = {
  wasm: { browser: 3_350, api: 2_100, match: 570 },
  js: { browser: 15_100, api: 7_750, match: 1_760 },
};
const CORE_NAMES: Readonly<Record<MeasuredCore, string>> = { wasm: 'WebAssembly', js: 'JavaScript' };
const THIRD_ABOVE = 'a third above today, on the pinned Node.js';

/** What has settled is counted to within one per cent (measurements.ts), on both sides. */
const SETTLED_TOLERANCE = 1.02;
const NEW_TOKEN_TOLERANCE = 1.08;

function instructions(
  figure: string,
  title: string,
  atMost: number,
  tolerance = SETTLED_TOLERANCE,
): FigurePromise {
  return {
    figure: `instructions.${figure}`,
    title,
    unit: 'instructions',
    group: 'instructions',
    atMost,
    because: THIRD_ABOVE,
    tolerance,
    only: 'x64',
  };
}

/** @returns that the WebAssembly core takes at most this share of what the other takes */
function lessThanJavaScript(figure: string, title: string, times: number): FigurePromise {
  return {
    figure: `instructions.${figure}.wasm`,
    title: `${title} in WebAssembly beside JavaScript`,
    unit: 'instructions',
    group: 'instructions',
    atMost: { times, of: `instructions.${figure}.js` },
    because:
      'it is why the core is WebAssembly. Today a seventh to a third. Both are counted here, so it holds anywhere',
    tolerance: Number.POSITIVE_INFINITY,
  };
}

const INSTRUCTIONS: readonly FigurePromise[] = [
  ...(['wasm', 'js'] as const).flatMap((core) => {
    const { browser, api, match } = CORE_LIMITS[core];
    return [
      instructions(`parse-browser.${core}`, `parse 703 bytes of a browser, ${CORE_NAMES[core]}`, browser),
      instructions(`parse-api.${core}`, `parse a request with a token, ${CORE_NAMES[core]}`, api),
      instructions(`match.${core}`, `match one of 100 routes, ${CORE_NAMES[core]}`, match),
    ];
  }),
  lessThanJavaScript('parse-browser', 'parse 703 bytes', 0.5),
  lessThanJavaScript('parse-api', 'parse a request with a token', 0.5),
  lessThanJavaScript('match', 'match one of 100 routes', 0.6),
  instructions('encode-health', 'make and encode a response', 3_600),
  instructions('encode-with-field', 'make and encode a response with a field', 7_700),
  instructions('check-known-token', 'check a token that is known', 570),
  instructions('check-new-token', 'check a token that is new', 117_000, NEW_TOKEN_TOLERANCE),
];

export const PROMISES: readonly FigurePromise[] = [...MODULE, ...INSTRUCTIONS, ...PER_REQUEST];
