/** Random numbers that a seed repeats. They need not be good enough for secrets. */

/** @returns a number from 0 up to 1, without 1 */
export type Random = () => number;

/** mulberry32: one addition and two multiplications a number, period 2³². @param seed any whole number */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A new array in random order. */
export function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  const order = values.map((value) => ({ value, key: random() }));
  return order.toSorted((one, other) => one.key - other.key).map(({ value }) => value);
}
