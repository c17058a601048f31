/**
 * Amdahl's law: if a part of the work takes `share` of the time and becomes `gain` times as fast, the whole
 * becomes 1 / (1 - share + share / gain) times as fast.
 */
export function wholeGain(share: number, gain: number): number {
  return 1 / (1 - share + share / gain);
}
