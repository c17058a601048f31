/**
 * Keeps the log readable while something is broken. Of many errors of one kind it reports the first
 * immediately, then one in each interval with the number of the others. The application uses it for an
 * unreachable database.
 */

/** @param others how many errors came since the last report, besides this one */
export type Report<Trouble> = (error: Trouble, others: number) => void;

export function occasionally<Trouble>(intervalMs: number, report: Report<Trouble>): (error: Trouble) => void {
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
