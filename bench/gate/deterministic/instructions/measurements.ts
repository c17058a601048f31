/**
 * The operations whose instructions are counted, and how often each is carried out. They are in groups. Each
 * group has a process of its own, so the code of one core does not change how V8 optimises that of the other.
 */
export type MeasuredCore = 'wasm' | 'js';

export interface Measurement {
  readonly operation: OperationName;
  /** Until V8 has optimised everything. Found by looking at where the counts of the rounds become equal. */
  readonly warmUp: number;
  /** Repetitions in each round. */
  readonly times: number;
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

const coreGroup = (core: MeasuredCore): readonly Measurement[] => [
  { operation: `parse-browser.${core}`, warmUp: 6_000, times: 200 },
  { operation: `parse-api.${core}`, warmUp: 8_000, times: 500 },
  { operation: `parse-100-paths.${core}`, warmUp: 200, times: 10 },
  { operation: `parse-100-paths-no-routes.${core}`, warmUp: 200, times: 10 },
];

export const GROUPS: Readonly<Record<string, readonly Measurement[]>> = {
  js: coreGroup('js'),
  rest: [
    ...coreGroup('wasm'),
    { operation: 'encode-health', warmUp: 12_000, times: 500 },
    { operation: 'encode-with-field', warmUp: 12_000, times: 500 },
    { operation: 'check-known-token', warmUp: 6_000, times: 500 },
    { operation: 'check-new-token', warmUp: 200, times: 20 },
  ],
};
