/** How recorded sessions are written: short, so that many of them make a small file. */
import type { Block, Round } from '../paired/block.ts';

/** Requests, microseconds, microseconds of CPU time. */
export type RecordedBlock = readonly [requests: number, microseconds: number, cpuMicroseconds: number];
export type RecordedRound = readonly { readonly a: RecordedBlock; readonly b: RecordedBlock }[];

export type Kind = 'equal' | 'slowed';

export interface RecordedSession {
  /** Whether the first arm was slowed down. */
  readonly kind: Kind;
  /** What else the machine did. */
  readonly condition: string;
  readonly contest: keyof typeof BURNED_STEPS;
  readonly rounds: RecordedRound[];
}

/** What was planted in a request of each contest: about a tenth of its CPU time (burn.ts). */
export const BURNED_STEPS = { plain: 300, pipelined: 60 } as const;
/** Measured alone, by the CPU time of a thread that does nothing else, on the machine of the recordings. */
export const MICROSECONDS_OF_A_STEP = 0.00495;

export function toRecorded(round: Round): RecordedRound {
  return round.map(({ a, b }) => ({ a: toRecordedBlock(a), b: toRecordedBlock(b) }));
}

export function fromRecorded(round: RecordedRound): Round {
  return round.map(({ a, b }) => ({ a: fromRecordedBlock(a), b: fromRecordedBlock(b) }));
}

function toRecordedBlock({ requests, seconds, cpuSeconds = 0 }: Block): RecordedBlock {
  return [requests, Math.round(seconds * 1e6), Math.round(cpuSeconds * 1e6)];
}

function fromRecordedBlock([requests, microseconds, cpuMicroseconds]: RecordedBlock): Block {
  return { requests, seconds: microseconds / 1e6, cpuSeconds: cpuMicroseconds / 1e6 };
}
