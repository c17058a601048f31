/**
 * How long the step that runs now may go on. The database has one thread, so there is only one such step, and
 * this module keeps its limits. Whatever can take long within one document says how much it does, because it
 * cannot rest. The executor begins each step by a Slice (execution/slice.ts).
 */
import { CommandError } from './command-error.ts';

/** About a millisecond. Reading the clock more often would slow scans down. */
const WORK_BETWEEN_CLOCK_READS = 10_000;
/** A step that cannot rest fails after this time, so that the others get their turn. */
const LONGEST_STEP_MS = 1_000;

let work = 0;
let sliceEnd = Infinity;
let deadline = Infinity;
let abandonAt = Infinity;
let spent = false;

/** @param milliseconds after which the step should rest */
export function beginStep(milliseconds: number, commandDeadline: number): void {
  const now = performance.now();
  work = 0;
  spent = false;
  sliceEnd = now + milliseconds;
  abandonAt = now + LONGEST_STEP_MS;
  deadline = commandDeadline;
}

/** Whatever runs outside a step has no limit. */
export function endStep(): void {
  sliceEnd = Infinity;
  abandonAt = Infinity;
  deadline = Infinity;
}

/** @param commandDeadline the time when the command fails */
export function limitStep(commandDeadline: number): void {
  deadline = commandDeadline;
}

/** Whether the step should rest, as far as the clock was read. */
export function isStepSpent(): boolean {
  return spent;
}

/**
 * @param units of about 0.1 µs: a comparison of two values, or a character of a regular expression
 * @throws CommandError MaxTimeMSExpired, or OperationFailed if the step holds up all others
 */
export function spendWork(units: number): void {
  work += units;
  if (work >= WORK_BETWEEN_CLOCK_READS) readClock();
}

function readClock(): void {
  work = 0;
  const now = performance.now();
  if (now > deadline) throw new CommandError('MaxTimeMSExpired', 'operation exceeded time limit');
  if (now > abandonAt) {
    const message = `the embedded database gave up after ${LONGEST_STEP_MS} ms in a step that cannot rest`;
    throw new CommandError('OperationFailed', message);
  }
  spent = now > sliceEnd;
}
