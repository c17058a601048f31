/** The stages of a request that are timed, in its order. The README of the runtime describes them. */
export const STAGES = [
  'accept',
  'queue',
  'parse',
  'match',
  'middleware',
  'controller',
  'database',
  'response',
  'handover',
  'write',
  'total',
] as const;

export type Stage = (typeof STAGES)[number];
