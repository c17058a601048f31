/** Recognises pipelines that only count, so that the answer needs no documents. Called by pipeline.ts. */
import { type BsonDocument, Int32, isDocument, isNumber, Long, type Value } from '../bson/value.ts';

/** Turns the number of matches into the result of the pipeline. */
export type CountAnswer = (matches: number) => readonly BsonDocument[];

/** Recognises `$count`, and the `$group` of countDocuments: one group with one sum of ones. */
export function countAnswer(name: string, operand: Value): CountAnswer | undefined {
  if (name === '$count' && typeof operand === 'string') {
    return (matches) => (matches > 0 ? [{ [operand]: integer(matches) }] : []);
  }
  if (name !== '$group' || !isDocument(operand)) return undefined;
  const [sum = '', ...others] = Object.keys(operand).filter((field) => field !== '_id');
  const { _id: id, [sum]: accumulator } = operand;
  if (others.length > 0 || !isNumber(id) || !isDocument(accumulator)) return undefined;
  if (Object.keys(accumulator).join() !== '$sum' || !isInt32One(accumulator['$sum'])) return undefined;
  return (matches) => (matches > 0 ? [{ _id: id, [sum]: integer(matches) }] : []);
}

function isInt32One(value: Value): boolean {
  return value instanceof Int32 && value.value === 1;
}

/** As MongoDB returns a count. */
export function integer(count: number): Int32 | Long {
  return count < 2 ** 31 ? new Int32(count) : Long.fromNumber(count);
}
