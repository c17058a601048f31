/**
 * Keeps a log readable while something is broken: of many errors of one kind, one is reported at once, and
 * then one in each interval together with how many there were. Used by the application for a database that is
 * away.
 */

/** @param others how many errors came since the last report, besides this one */
export type Report = (error: unknown, others: number) => void;

export function occasionally(intervalMs: number, report: Report): (error: unknown) => void {
  let nextAt = Number.NEGATIVE_INFINITY;
  let others = 0;
  return (error) => {
    const now = performance.now();
    if (now < nextAt) {
      others += 1;
      return;
    }
    nextAt = now + intervalMs;
    report(error, others);
    others = 0;
  };
}
