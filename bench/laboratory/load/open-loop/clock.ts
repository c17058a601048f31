/** Milliseconds of the monotonic clock, which all threads of a process share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
