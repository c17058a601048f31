/**
 * How hard tests of chance try. `npm test` tries often enough to see a common fault, and `npm run test:stress`
 * often enough to see a rare one.
 */

const { STRESS, SEED } = process.env;

/** Which of the two this run is. */
export function effort<Value>(normal: Value, stress: Value): Value {
  return STRESS === undefined ? normal : stress;
}

/**
 * Another one in every run, so that the runs together see more than each of them. It is printed, and SEED
 * repeats it.
 */
export function freshSeed(of: string): number {
  const seed = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
  process.stdout.write(`SEED=${seed} repeats: ${of}\n`);
  return seed;
}
