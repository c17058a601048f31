/** One of two servers that are compared. Both run for the whole time, so both see the same machine. */

export interface Arm extends AsyncDisposable {
  readonly name: string;
  /** Without a path. */
  readonly url: string;
  /** CPU seconds of all its processes since their start, or undefined if the system does not tell. */
  cpuSeconds(): number | undefined;
}
