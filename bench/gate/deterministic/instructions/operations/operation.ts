/** An operation whose instructions are counted (../probe.ts). */
export interface Operation {
  /** Does the work so many times. @returns a number that depends on all of it, so that V8 skips none of it */
  run(times: number): number;
}
