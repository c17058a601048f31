/** An answer that is the same for every request, so that it can be given without the application. */
export interface ConstantAnswer {
  /** Without parameters. */
  readonly path: string;
  readonly json: string;
}
