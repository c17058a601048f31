/** Work of a known size. */

let last = 1;

/** Each step needs the result of the step before, so no processor can shorten it. @returns something odd */
export function burn(steps: number): number {
  for (let step = 0; step < steps; step += 1) last = Math.imul(last, 48_271) | 1;
  return last;
}
