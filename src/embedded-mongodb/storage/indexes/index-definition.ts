/**
 * The definition of an index: its fields, their directions and its options. Parsed and checked when an index
 * is declared, and when the catalog is read. index-keys.ts decides which keys a document has in an index.
 */

import { type Path, splitPath } from '../../bson/path.ts';
import { isReferenceField } from '../../bson/reference.ts';
import { typeAlias } from '../../bson/type-names.ts';
import { type BsonDocument, isDocument, isNumber, namesOf, toNumber, type Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import { compileFilter } from '../../filter/filter.ts';
import type { Predicate } from '../../filter/predicate.ts';

/** Of one collection, as in MongoDB. */
export const MAX_INDEXES = 64;
export const ID_INDEX_NAME = '_id_';
const MAX_FIELDS = 32;
const MAX_NAME_BYTES = 127;

const KNOWN_OPTIONS = new Set([
  'key',
  'name',
  'unique',
  'sparse',
  'expireAfterSeconds',
  'partialFilterExpression',
  'v',
  'background',
  'hidden',
  'ns',
]);

/** Those of MongoDB that this database does not have. */
const UNSUPPORTED_OPTIONS = new Set([
  'storageEngine',
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  '2dsphereIndexVersion',
  'bits',
  'min',
  'max',
  'wildcardProjection',
  'columnstoreProjection',
  'clustered',
  'prepareUnique',
]);

export interface IndexField {
  readonly path: string;
  readonly parts: Path;
  readonly descending: boolean;
}

export interface IndexDefinition {
  readonly name: string;
  readonly fields: readonly IndexField[];
  readonly descending: readonly boolean[];
  readonly unique: boolean;
  readonly sparse: boolean;
  /** Kept up to date, but no query uses it. */
  readonly hidden: boolean;
  readonly expireAfterSeconds: number | undefined;
  readonly partialFilter: BsonDocument | undefined;
  readonly partialPredicate: Predicate | undefined;
  /** As it was declared, and as `listIndexes` returns it. */
  readonly specification: BsonDocument;
}

/** @throws CommandError if the specification is wrong or needs an unsupported kind of index */
export function parseIndexDefinition(specification: BsonDocument): IndexDefinition {
  const key = specification['key'];
  if (!isDocument(key))
    throw new CommandError('FailedToParse', "The 'key' field is required and must be an object");
  refuseOptions(specification);
  const fields = parseFields(key);
  const name = specification['name'];
  if (typeof name !== 'string' || name === '') {
    throw new CommandError(
      'FailedToParse',
      "The 'name' field is a required property of an index specification",
    );
  }
  if (Buffer.byteLength(name) > MAX_NAME_BYTES || name.includes('\0') || name === '*') {
    throw new CommandError('CannotCreateIndex', `invalid index name: ${name.slice(0, MAX_NAME_BYTES)}`);
  }
  const sparse = flag(specification, 'sparse');
  const partialFilter = parsePartialFilter(specification['partialFilterExpression'], sparse);
  const isIdIndex = fields.length === 1 && fields[0]?.path === '_id';
  if (isIdIndex && name !== ID_INDEX_NAME)
    throw new CommandError('BadValue', `The index on _id always exists, and its name is ${ID_INDEX_NAME}`);
  if (!isIdIndex && name === ID_INDEX_NAME)
    throw new CommandError('BadValue', `The index name ${ID_INDEX_NAME} is reserved`);
  return {
    name,
    fields,
    descending: fields.map((field) => field.descending),
    unique: flag(specification, 'unique') || isIdIndex,
    sparse,
    hidden: parseHidden(specification, isIdIndex),
    expireAfterSeconds: parseExpiry(specification['expireAfterSeconds'], fields),
    partialFilter,
    partialPredicate: partialFilter && compileFilter(partialFilter),
    specification,
  };
}

function parseFields(key: BsonDocument): IndexField[] {
  const paths = namesOf(key);
  if (paths.length === 0) throw new CommandError('CannotCreateIndex', 'Index keys cannot be empty.');
  if (paths.length > MAX_FIELDS)
    throw new CommandError('CannotCreateIndex', `an index has at most ${MAX_FIELDS} fields`);
  return paths.map((path) => {
    const direction = key[path];
    if (typeof direction === 'string') {
      throw new CommandError(
        'CannotCreateIndex',
        `Index type '${direction}' is not supported by the embedded database: use 1 or -1`,
      );
    }
    const number = toNumber(direction);
    if (number === 0 || Number.isNaN(number)) {
      throw new CommandError(
        'CannotCreateIndex',
        'Values in the index key pattern must be numbers other than 0',
      );
    }
    const parts = splitPath(path);
    if (parts.includes(''))
      throw new CommandError('CannotCreateIndex', 'Index keys cannot contain an empty field.');
    if (parts.some((part, depth) => part.startsWith('$') && !(depth > 0 && isReferenceField(part)))) {
      throw new CommandError(
        'CannotCreateIndex',
        'Index key contains an illegal field name: it starts with "$".',
      );
    }
    return { path, parts, descending: number < 0 };
  });
}

function refuseOptions(specification: BsonDocument): void {
  if (specification['collation'] !== undefined) {
    throw new CommandError('InvalidOptions', 'collation is not supported by the embedded database');
  }
  for (const name of Object.keys(specification)) {
    if (!KNOWN_OPTIONS.has(name)) {
      if (UNSUPPORTED_OPTIONS.has(name)) {
        const message = `The index option '${name}' is not supported by the embedded database`;
        throw new CommandError('InvalidOptions', message);
      }
      const message = `The field '${name.slice(0, 200)}' is not valid for an index specification.`;
      throw new CommandError('InvalidIndexSpecificationOption', message);
    }
  }
}

function parsePartialFilter(value: Value, sparse: boolean): BsonDocument | undefined {
  if (value === undefined) return undefined;
  if (!isDocument(value)) throw new CommandError('TypeMismatch', 'partialFilterExpression must be an object');
  if (sparse)
    throw new CommandError('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options');
  return value;
}

function parseExpiry(value: Value, fields: readonly IndexField[]): number | undefined {
  if (value === undefined) return undefined;
  const seconds = toNumber(value);
  if (!(seconds >= 0 && seconds <= 2 ** 31 - 1)) {
    throw new CommandError(
      'CannotCreateIndex',
      "TTL index 'expireAfterSeconds' must be a number from 0 to 2147483647",
    );
  }
  if (fields.length !== 1 || fields[0]?.path === '_id') {
    throw new CommandError('CannotCreateIndex', 'TTL indexes are single-field indexes, and cannot be on _id');
  }
  return seconds;
}

function parseHidden(specification: BsonDocument, isIdIndex: boolean): boolean {
  const hidden = flag(specification, 'hidden');
  if (hidden && isIdIndex) throw new CommandError('BadValue', "can't hide _id index");
  return hidden;
}

function flag(specification: BsonDocument, name: string): boolean {
  const value = specification[name];
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  if (isNumber(value)) return toNumber(value) !== 0;
  throw new CommandError(
    'TypeMismatch',
    `The field '${name}' has value of type ${typeAlias(value)}, expected bool`,
  );
}
