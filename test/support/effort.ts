/**
 * How long randomised tests run. `npm test` runs them long enough to find a common fault, and
 * `npm run test:stress` long enough to find a rare one.
 */

const { STRESS, SEED } = process.env;

/** Chooses the value for this kind of run. */
export function effort<Value>(normal: Value, stress: Value): Value {
  return STRESS === undefined ? normal : stress;
}

/**
 * A different seed in every run, so that the runs together find more than each of them. It is printed, and
 * SEED repeats it.
 */
export function freshSeed(of: string): number {
  const seed = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
  process.stdout.write(`SEED=${seed} repeats: ${of}\n`);
  return seed;
}
