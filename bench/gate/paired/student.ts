/** Student's t distribution: how far the mean of a few values may be from the true one. */

const HALVINGS = 60;
const MOST = 1e5;

/** @param freedom degrees of freedom, at least 1. @returns what the variable exceeds with this probability */
export function studentBound(probability: number, freedom: number): number {
  let [low, high] = [0, MOST];
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (low + high) / 2;
    if (tail(middle, freedom) > probability) low = middle;
    else high = middle;
  }
  return high;
}

/** The series of Abramowitz and Stegun, 26.7.3 and 26.7.4. @returns the probability of more than `value` */
function tail(value: number, freedom: number): number {
  const angle = Math.atan(value / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = 0;
  for (let index = isOdd ? 1 : 0; index <= freedom - 2; index += 2) {
    sum += term;
    term *= (cosine * cosine * (index + 1)) / (index + 2);
  }
  const inside = Math.sin(angle) * sum;
  return (1 - (isOdd ? (2 / Math.PI) * (angle + inside) : inside)) / 2;
}
