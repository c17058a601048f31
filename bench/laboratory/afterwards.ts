/** What a whole run measures after its scenarios, and how long that takes. */
import { expectedLatencySeconds, type LatencyOptions, USUAL_LATENCY } from '../latency/measure.ts';
import { type CoreStagesOptions, USUAL_CORE_STAGES } from '../stages/measure.ts';

export interface Afterwards {
  readonly latency: LatencyOptions;
  readonly coreStages: CoreStagesOptions;
  /** With the report. */
  readonly expectedSeconds: number;
}

/** A run of so many minutes has all of it at full length. In a shorter one it is shortened likewise. */
const MINUTES_OF_FULL_LENGTH = 30;
/** Throughput by the number of workers has scenarios of its own (health, vm-read). Here it fills memory. */
const BUSY_SECONDS = 3;
/** Twelve servers are loaded in turn in each round, and all stages are timed without a server. */
const LOADS_OF_CORES = 12;
const SECONDS_WITHOUT_LOAD = 84;
const SECONDS_OF_REPORT = 15;

export function afterwards(minutes: number): Afterwards {
  const share = Math.min(1, minutes / MINUTES_OF_FULL_LENGTH);
  const latency = {
    ...USUAL_LATENCY,
    seconds: Math.max(1, USUAL_LATENCY.seconds * share),
    warmUpSeconds: USUAL_LATENCY.warmUpSeconds * share,
    busySeconds: BUSY_SECONDS,
  };
  const coreStages = { ...USUAL_CORE_STAGES, seconds: Math.max(0.5, USUAL_CORE_STAGES.seconds * share) };
  const ofCores = SECONDS_WITHOUT_LOAD + LOADS_OF_CORES * coreStages.rounds * coreStages.seconds;
  return {
    latency,
    coreStages,
    expectedSeconds: expectedLatencySeconds(latency) + ofCores + SECONDS_OF_REPORT,
  };
}
