/** Reads the operands of stages. */
import { type BsonDocument, isDocument, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { parseSort, type SortField } from '../query/sort.ts';

export function documentOperand(name: string, operand: Value): BsonDocument {
  if (isDocument(operand)) return operand;
  throw new CommandError('TypeMismatch', `the ${name} specification must be an object`);
}

export function countOperand(name: string, operand: Value, least: number): number {
  const count = toNumber(operand);
  if (Number.isInteger(count) && count >= least) return count;
  throw new CommandError('BadValue', `invalid argument to ${name} stage: expected an integer from ${least}`);
}

export function sortOperand(operand: Value): SortField[] {
  const fields = parseSort(documentOperand('$sort', operand));
  if (fields.length > 0) return fields;
  throw new CommandError('BadValue', '$sort stage must have at least one sort key');
}
