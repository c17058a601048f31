/**
 * Where parts read the time, in milliseconds that only grow. `performance` is one, and tests bring their own.
 */
export interface Clock {
  now(): number;
}
