/**
 * The accumulator $sum of $group. As in MongoDB, the result has the widest type among the numbers that were
 * added, and everything else is ignored. A sum of integers beyond 64 bits is a double. Called by group.ts.
 */
import { add } from '../bson/arithmetic.ts';
import { addDecimals, fromDouble, toDecimal128 } from '../bson/decimal.ts';
import { Decimal128, Double, Int32, isNumber, Long, type NumberValue, type Value } from '../bson/value.ts';

const INT32_MAX = 2n ** 31n - 1n;
const INT64_MAX = 2n ** 63n - 1n;

/** The types of numbers, from the narrowest to the widest. */
const Width = { int: 0, long: 1, double: 2, decimal: 3 } as const;

export class Sum {
  #width: number = Width.int;
  #integers = 0n;
  readonly #doubles = new DoubleSum();
  #decimals: NumberValue = Decimal128.fromString('0');

  add(value: Value): void {
    if (!isNumber(value)) return;
    this.#width = Math.max(this.#width, widthOf(value));
    if (value instanceof Int32) this.#integers += BigInt(value.value);
    else if (value instanceof Long) this.#integers += value.toBigInt();
    else if (value instanceof Double) this.#doubles.add(value.value);
    else this.#decimals = add(this.#decimals, value);
  }

  result(): NumberValue {
    if (this.#width === Width.decimal) return add(this.#decimals, this.#asDecimal());
    if (this.#width === Width.double || !fits(this.#integers, INT64_MAX)) return new Double(this.#asDouble());
    const narrow = this.#width === Width.int && fits(this.#integers, INT32_MAX);
    return narrow ? new Int32(Number(this.#integers)) : Long.fromBigInt(this.#integers);
  }

  #asDouble(): number {
    const nearest = Number(this.#integers);
    return this.#doubles.total(nearest, Number(this.#integers - BigInt(nearest)));
  }

  /** The integers and doubles, to 34 digits. */
  #asDecimal(): NumberValue {
    const [high, low] = this.#doubles.parts();
    if (!Number.isFinite(high)) return new Double(high);
    const doubles = addDecimals(fromDouble(high), fromDouble(low));
    return toDecimal128(addDecimals({ coefficient: this.#integers, exponent: 0 }, doubles));
  }
}

/** Adds doubles and keeps what rounding takes away, so that 0.1 ten times is 1 (Neumaier's algorithm). */
class DoubleSum {
  #sum = 0;
  #lost = 0;
  /** Without compensation, for infinities and NaN. */
  #plain = 0;

  add(value: number): void {
    const sum = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
    this.#plain += value;
  }

  /** The sum with some more numbers. */
  total(...more: readonly number[]): number {
    const copy = new DoubleSum();
    for (const value of [...this.parts(), ...more]) copy.add(value);
    const [high, low] = copy.parts();
    return high + low;
  }

  /** Two numbers that together are the sum. */
  parts(): readonly [high: number, low: number] {
    return Number.isFinite(this.#lost) ? [this.#sum, this.#lost] : [this.#plain, 0];
  }
}

function widthOf(value: NumberValue): number {
  if (value instanceof Int32) return Width.int;
  if (value instanceof Long) return Width.long;
  return value instanceof Double ? Width.double : Width.decimal;
}

/** The range of a signed integer reaches from -max - 1 to max. */
function fits(value: bigint, max: bigint): boolean {
  return value >= -max - 1n && value <= max;
}
