/**
 * The file that a run of the laboratory leaves behind, and everything that reads it: reports and gates. It
 * keeps every round, so that others can compute what they like. The medians and ratios in it are computed
 * from the same file (derive.ts).
 *
 * Units are in the names. Times of day are UTC in ISO 8601. What could not be measured is absent.
 */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** Raised whenever a reader of older files would misunderstand a newer one. */
export const FORMAT = 1;

/** Names of arms that others refer to. bench/arms has all of them. */
export const OUR_ARM = 'wasm';
export const FASTIFY_ARM = 'fastify';

/** A median of rounds with the bootstrap 95 % interval around it. */
const EstimateSchema = Type.Object({
  median: Type.Number(),
  low: Type.Number(),
  high: Type.Number(),
});

/** One block of closed-loop load on one arm: each connection asks again as soon as it has its answer. */
const RoundSchema = Type.Object({
  startedAt: Type.String(),
  seconds: Type.Number(),
  requests: Type.Number(),
  requestsPerSecond: Type.Number(),
  /** User and system time of all processes of the arm. That of a shared database is below. */
  cpuMicrosecondsPerRequest: Type.Number(),
  /** Of the database that the arms share. */
  databaseCpuMicrosecondsPerRequest: Type.Optional(Type.Number()),
  /** Latencies from sending to the end of the answer. They are absent where requests are pipelined. */
  p50Ms: Type.Optional(Type.Number()),
  p99Ms: Type.Optional(Type.Number()),
  p999Ms: Type.Optional(Type.Number()),
  /** Proportional set size (PSS) of all processes of the arm after the block. The RSS where there is none. */
  memoryMb: Type.Number(),
  /** Requests without an answer, or with a status that the scenario does not allow. */
  errors: Type.Number(),
  /** CPU time of the load generator, as a share of one core. */
  generatorShare: Type.Number(),
  /** True from 0.9 of a core on: then the generator may have been measured instead of the arm. */
  generatorWasLimit: Type.Boolean(),
  /** What else a scenario measures, by the names in its `figures`. */
  figures: Type.Optional(Type.Record(Type.String(), Type.Number())),
});

/**
 * One block at a fixed rate: requests are due by a clock, and their latencies count from the time at which
 * they were due, whether a connection was free or not. So a stall shows in every request that it held up.
 */
const FixedRateSchema = Type.Object({
  startedAt: Type.String(),
  seconds: Type.Number(),
  /** Of the capacity of the slowest arm of the scenario, such as 0.5. All arms get the same rate. */
  shareOfCapacity: Type.Number(),
  /** Requests per second that were due. */
  rate: Type.Number(),
  /** Answers per second that came. Clearly less than the rate: the arm or the generator could not follow. */
  achievedRate: Type.Number(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
  p999Ms: Type.Number(),
  mostMs: Type.Number(),
  /** How late the generator itself sent, compared with its own clock, while a connection was free. */
  generatorLatenessP99Ms: Type.Number(),
  generatorShare: Type.Number(),
  /** Requests that failed or had no answer when the block ended. */
  errors: Type.Number(),
});

/** Medians of the rounds of one arm. */
const SummarySchema = Type.Object({
  requestsPerSecond: EstimateSchema,
  cpuMicrosecondsPerRequest: EstimateSchema,
  databaseCpuMicrosecondsPerRequest: Type.Optional(EstimateSchema),
  p50Ms: Type.Optional(EstimateSchema),
  p99Ms: Type.Optional(EstimateSchema),
  p999Ms: Type.Optional(EstimateSchema),
  memoryMb: EstimateSchema,
  figures: Type.Optional(Type.Record(Type.String(), EstimateSchema)),
});

/** Medians of the blocks of one arm at one rate. */
const FixedRateSummarySchema = Type.Object({
  shareOfCapacity: Type.Number(),
  rate: Type.Number(),
  achievedRate: Type.Number(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
  p999Ms: Type.Number(),
});

const ArmSchema = Type.Object({
  /** Such as wasm, js-1 or fastify-cluster. */
  name: Type.String(),
  /** For a reader: what it is. */
  description: Type.String(),
  processes: Type.Number(),
  /** Threads that can run handlers, in all processes together. */
  threads: Type.Number(),
  /** Its memory after the start, when it rests. See memoryMb of a round. */
  memoryAtRestMb: Type.Number(),
  /** From the start of its process to its first right answer. */
  firstAnswerMs: Type.Number(),
  rounds: Type.Array(RoundSchema),
  fixedRates: Type.Array(FixedRateSchema),
  summary: SummarySchema,
  fixedRateSummaries: Type.Array(FixedRateSummarySchema),
});

/** Ratios of one arm to another, each the median of the ratios of the rounds that ran next to each other. */
const RatioSchema = Type.Object({
  of: Type.String(),
  to: Type.String(),
  requestsPerSecond: EstimateSchema,
  cpuMicrosecondsPerRequest: EstimateSchema,
  databaseCpuMicrosecondsPerRequest: Type.Optional(EstimateSchema),
  memoryMb: EstimateSchema,
});

const SkippedArmSchema = Type.Object({ name: Type.String(), reason: Type.String() });

const ScenarioSchema = Type.Object({
  name: Type.String(),
  /** A sentence for a reader. */
  about: Type.String(),
  startedAt: Type.String(),
  finishedAt: Type.String(),
  /** wrk, autocannon, or what else has made the closed-loop load. */
  generator: Type.String(),
  connections: Type.Number(),
  /** Requests that each connection sends together before it reads. */
  pipelining: Type.Number(),
  /** What was found equal on all arms before the first block. Empty if the scenario has failed. */
  verified: Type.Array(Type.String()),
  /** What differs between arms and cannot be made equal. */
  differences: Type.Array(Type.String()),
  /** What a reader of the numbers has to know. */
  remarks: Type.Array(Type.String()),
  /** Such as that the generator was the limit. Made from the rounds. */
  warnings: Type.Array(Type.String()),
  /** Describes the further figures of its rounds. */
  figures: Type.Array(Type.Object({ name: Type.String(), unit: Type.String(), about: Type.String() })),
  arms: Type.Array(ArmSchema),
  /** Arms that were asked for and are not available on this machine. */
  skipped: Type.Array(SkippedArmSchema),
  /** Of every arm to each arm of `references`. */
  ratios: Type.Array(RatioSchema),
  /** Why the scenario ended early. Then it has no ratios, and perhaps no arms. */
  failure: Type.Optional(Type.String()),
});

const MachineSchema = Type.Object({
  cpuModel: Type.String(),
  cores: Type.Number(),
  memoryMb: Type.Number(),
  platform: Type.String(),
  kernel: Type.String(),
  architecture: Type.String(),
  /** The frequency governor of the first core, such as performance. Virtual machines tell none. */
  governor: Type.Optional(Type.String()),
  /** Over one minute, before the first block. */
  loadAverage: Type.Number(),
  node: Type.String(),
  v8: Type.String(),
  /** Versions of what else took part, such as wrk, fastify, g++. */
  versions: Type.Record(Type.String(), Type.String()),
});

/** A stage of a request, as the server itself has timed it. Its README describes the stages. */
const StageTimeSchema = Type.Object({
  stage: Type.String(),
  requests: Type.Number(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
});

const TimedScenarioSchema = Type.Object({
  name: Type.String(),
  about: Type.String(),
  /** Requests per second. */
  rate: Type.Number(),
  stages: Type.Array(StageTimeSchema),
});

/** What bench/latency puts beside the figures of the C++ design. It adds it to a file of results. */
const LatencySchema = Type.Object({
  startedAt: Type.String(),
  workers: Type.Number(),
  scenarios: Type.Array(TimedScenarioSchema),
  throughput: Type.Array(
    Type.Object({ scenario: Type.String(), workers: Type.Number(), requestsPerSecond: Type.Number() }),
  ),
  /** Proportional set sizes. Absent where the system tells none. */
  memory: Type.Optional(
    Type.Object({
      /** Without workers and application. */
      baseMb: Type.Number(),
      /** Of each worker with the application, at rest. */
      threadMb: Type.Number(),
      /** The application with its database: the driver, its pool, and the embedded database. */
      databaseMb: Type.Number(),
      /** Of a server with eight workers, at rest. */
      totalMb: Type.Number(),
      /** The same after load. */
      loadedMb: Type.Number(),
    }),
  ),
});

/** What bench/stages found: the WebAssembly core against the JavaScript core. A whole run has it. */
const TurnPartsSchema = Type.Object({
  turnNanoseconds: EstimateSchema,
  parseNanoseconds: EstimateSchema,
  matchNanoseconds: EstimateSchema,
  /** Of parse, match, handler and rest, each of which was timed apart from the turn. */
  sumNanoseconds: Type.Number(),
});

const CoreMemorySchema = Type.Object({
  /** Of JavaScript, for each core. */
  heapBytes: EstimateSchema,
  /** Of the region in shared memory that the core has written to. */
  regionBytesUsed: Type.Number(),
  /** Machine code and bytecode of JavaScript. */
  scriptCodeBytes: EstimateSchema,
  /** Machine code of WebAssembly, which equal modules of a process share. */
  moduleCodeBytes: Type.Number(),
  allocatedBytesPerCall: EstimateSchema,
  copiedBytesPerCall: Type.Number(),
});

/** What the boundary between JavaScript and WebAssembly costs beside calls. */
const BoundarySchema = Type.Object({
  wasm: CoreMemorySchema,
  js: CoreMemorySchema,
  start: Type.Object({
    compileMicroseconds: EstimateSchema,
    /** The same module once more in the same process, as in the second worker. */
    compileAgainMicroseconds: EstimateSchema,
    instantiateMicroseconds: EstimateSchema,
  }),
  /** Making a string of bytes in shared memory, beside the same in a buffer of Node.js. */
  decode: Type.Array(
    Type.Object({
      name: Type.String(),
      sharedNanoseconds: EstimateSchema,
      ordinaryNanoseconds: EstimateSchema,
      ratio: EstimateSchema,
    }),
  ),
});

const CoreStagesSchema = Type.Object({
  startedAt: Type.String(),
  /** Each stage alone, the two cores in turn. `gain` is how many times as fast WebAssembly is. */
  stages: Type.Array(
    Type.Object({
      stage: Type.Union([Type.Literal('parse'), Type.Literal('match')]),
      name: Type.String(),
      /** Of one request. */
      bytes: Type.Number(),
      wasmNanoseconds: EstimateSchema,
      jsNanoseconds: EstimateSchema,
      gain: EstimateSchema,
    }),
  ),
  /** From nothing to the first answer of a core. */
  start: Type.Object({
    wasmMicroseconds: EstimateSchema,
    jsMicroseconds: EstimateSchema,
    moduleBytes: Type.Number(),
  }),
  /** Whole requests over sockets: CPU time, beside what Amdahl's law makes of the gain of the stages. */
  requests: Type.Array(
    Type.Object({
      name: Type.String(),
      workers: Type.Number(),
      wasmMicroseconds: EstimateSchema,
      jsMicroseconds: EstimateSchema,
      /** Of parse and match in the CPU time of a request with the JavaScript core. */
      share: Type.Number(),
      predictedGain: Type.Number(),
      measuredGain: EstimateSchema,
    }),
  ),
  /** Turns of a worker without sockets, divided. Times are those of one request. */
  turns: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        /** Pipeline, handler, and encoding of the response into memory. The same with both cores. */
        handlerNanoseconds: EstimateSchema,
        /** Taking the connection, its state, the ring, the clock. */
        restNanoseconds: EstimateSchema,
        wasm: TurnPartsSchema,
        js: TurnPartsSchema,
        gain: EstimateSchema,
      }),
    ),
  ),
  boundary: Type.Optional(BoundarySchema),
});

const RunSchema = Type.Object({
  format: Type.Literal(FORMAT),
  /** Of this project. */
  version: Type.String(),
  /** Absent outside a Git repository. */
  commit: Type.Optional(Type.String()),
  /** Whether files differed from the commit. */
  dirty: Type.Boolean(),
  startedAt: Type.String(),
  finishedAt: Type.String(),
  /** As it can be repeated. */
  command: Type.String(),
  /** Of the order of the blocks and of the bootstrap. */
  seed: Type.Number(),
  rounds: Type.Number(),
  /** Of each block. */
  seconds: Type.Number(),
  machine: MachineSchema,
  scenarios: Type.Array(ScenarioSchema),
  latency: Type.Optional(LatencySchema),
  coreStages: Type.Optional(CoreStagesSchema),
});

export type Estimate = Static<typeof EstimateSchema>;
export type Round = Static<typeof RoundSchema>;
export type FixedRate = Static<typeof FixedRateSchema>;
export type Summary = Static<typeof SummarySchema>;
export type FixedRateSummary = Static<typeof FixedRateSummarySchema>;
export type ArmResult = Static<typeof ArmSchema>;
export type SkippedArm = Static<typeof SkippedArmSchema>;
export type Ratio = Static<typeof RatioSchema>;
export type ScenarioResult = Static<typeof ScenarioSchema>;
export type Machine = Static<typeof MachineSchema>;
export type StageTime = Static<typeof StageTimeSchema>;
export type TimedScenario = Static<typeof TimedScenarioSchema>;
export type LatencyResult = Static<typeof LatencySchema>;
export type CoreStages = Static<typeof CoreStagesSchema>;
export type Run = Static<typeof RunSchema>;

export class ResultsError extends Error {
  readonly code = 'ERR_BENCHMARK_RESULTS';
  override readonly name = 'ResultsError';
}

const checker = Compile(RunSchema);

/** @throws ResultsError that names the first part of the text that is not as described here */
export function readResults(text: string): Run {
  const value: unknown = JSON.parse(text);
  if (checker.Check(value)) return value;
  const [error] = checker.Errors(value);
  throw new ResultsError(`not a file of results: ${error?.instancePath || '/'} ${error?.message ?? ''}`);
}
