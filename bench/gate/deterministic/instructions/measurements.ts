/**
 * The operations whose instructions are counted, and how often each is carried out. They are in groups. Each
 * group has a process of its own, so the code of one core does not change how V8 optimises that of the other.
 */
export type MeasuredCore = 'wasm' | 'js';

export interface Measurement {
  readonly operation: OperationName;
  /** Until V8 has optimised everything. Half as much again comes before the second series of rounds. */
  readonly warmUp: number;
  /** Repetitions in each round. */
  readonly times: number;
  /** How far its series may differ, if not by SETTLED. */
  readonly settled?: number;
}

export type OperationName =
  | `parse-browser.${MeasuredCore}`
  | `parse-api.${MeasuredCore}`
  | `parse-100-paths.${MeasuredCore}`
  | `parse-100-paths-no-routes.${MeasuredCore}`
  | 'encode-health'
  | 'encode-with-field'
  | 'check-known-token'
  | 'check-new-token';

/** A round that compiles or collects garbage counts more. Of so many rounds, most do neither. */
export const ROUNDS = 5;
/** Each after a warm-up of its own. If V8 was still optimising in the first one, they differ. */
export const SERIES = 2;
/** How far they may differ. Most are equal to the instruction, and none of the others differs by as much. */
export const SETTLED = 0.01;

const coreGroup = (core: MeasuredCore): readonly Measurement[] => [
  { operation: `parse-browser.${core}`, warmUp: 20_000, times: 200 },
  { operation: `parse-api.${core}`, warmUp: 20_000, times: 500 },
  { operation: `parse-100-paths.${core}`, warmUp: 250, times: 10 },
  { operation: `parse-100-paths-no-routes.${core}`, warmUp: 250, times: 10 },
];

/** Each token is kept when it has been checked, and what keeps them grows from time to time. */
const NEW_TOKEN = { operation: 'check-new-token', warmUp: 600, times: 20, settled: 0.06 } as const;
/** As many as are checked, so each is new. */
export const NEW_TOKENS = SERIES * (NEW_TOKEN.warmUp + ROUNDS * NEW_TOKEN.times);

export const GROUPS: Readonly<Record<string, readonly Measurement[]>> = {
  js: coreGroup('js'),
  rest: [
    ...coreGroup('wasm'),
    { operation: 'encode-health', warmUp: 30_000, times: 500 },
    { operation: 'encode-with-field', warmUp: 30_000, times: 500 },
    { operation: 'check-known-token', warmUp: 32_000, times: 500 },
    NEW_TOKEN,
  ],
};
