/** The clock of the parts: milliseconds that only grow. `performance` is one, and tests have their own. */
export interface Clock {
  now(): number;
}
