/** Reads the arguments of commands, and refuses those of a wrong type with MongoDB's words. */

import { typeAlias } from '../bson/type-names.ts';
import { type BsonDocument, isDocument, isNumber, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { CommandContext } from './command.ts';

/** The collection that the command names in its first field. */
export function collectionName(context: CommandContext): string {
  const value = context.command[context.name];
  if (typeof value !== 'string') {
    throw new CommandError('InvalidNamespace', `collection name has invalid type ${typeAlias(value)}`);
  }
  return value;
}

export function documentArgument(
  source: BsonDocument,
  name: string,
  fallback: BsonDocument = {},
): BsonDocument {
  const value = source[name];
  if (value === undefined || value === null) return fallback;
  if (isDocument(value)) return value;
  throw wrongType(name, value, 'object');
}

export function numberArgument(source: BsonDocument, name: string, fallback: number): number {
  const value = source[name];
  if (value === undefined || value === null) return fallback;
  const number = isNumber(value) ? toNumber(value) : Number.NaN;
  if (Number.isNaN(number)) throw wrongType(name, value, 'number');
  return Math.trunc(number);
}

/** A number that may not be negative. */
export function countArgument(source: BsonDocument, name: string, fallback: number): number {
  const number = numberArgument(source, name, fallback);
  if (number < 0)
    throw new CommandError('BadValue', `BSON field '${name}' value must be >= 0, actual value '${number}'`);
  return number;
}

export function booleanArgument(source: BsonDocument, name: string, fallback: boolean): boolean {
  const value = source[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value === 'boolean') return value;
  if (isNumber(value)) return toNumber(value) !== 0;
  throw wrongType(name, value, 'bool');
}

export function stringArgument(source: BsonDocument, name: string): string {
  const value = source[name];
  if (typeof value !== 'string') throw wrongType(name, value, 'string');
  return value;
}

function wrongType(name: string, value: Value, expected: string): CommandError {
  return new CommandError(
    'TypeMismatch',
    `BSON field '${name}' is the wrong type '${typeAlias(value)}', expected '${expected}'`,
  );
}
