/**
 * What a command is given and gives back, and how it reads its arguments. Every family of commands (one
 * file each) is a map of names to such functions; commands/registry.ts joins them.
 */
import { serialize } from 'bson';
import { type BsonDocument, isDocument, isNumber, toNumber, typeOf, type Value } from '../bson/value.ts';
import type { Cursors } from '../cursors.ts';
import { CommandError } from '../errors.ts';
import type { CommandSteps, Slice } from '../executor.ts';
import type { Catalog } from '../storage/catalog.ts';
import type { SqliteFile } from '../storage/sqlite.ts';

/** Everything of the server that commands use. */
export interface Server {
  readonly file: SqliteFile;
  readonly catalog: Catalog;
  readonly cursors: Cursors;
  readonly startedAt: number;
  connectionCount(): number;
}

export interface CommandContext {
  readonly server: Server;
  readonly name: string;
  readonly database: string;
  readonly command: BsonDocument;
  readonly sequences: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly connection: number;
  readonly slice: Slice;
}

/** An immediate reply, or steps that end with one. */
export type CommandResult = Uint8Array | CommandSteps;
export type Command = (context: CommandContext) => CommandResult;
export type CommandFamily = ReadonlyMap<string, Command>;

/** Encodes `{…fields, ok: 1}`. */
export function success(fields: Readonly<Record<string, unknown>> = {}): Uint8Array {
  return serialize({ ...fields, ok: 1 }, { ignoreUndefined: true });
}

/** The first field's value: the name of the collection. */
export function collectionName(context: CommandContext): string {
  const value = context.command[context.name];
  if (typeof value !== 'string') {
    throw new CommandError('InvalidNamespace', `collection name has invalid type ${typeOf(value).alias}`);
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

/** Collation changes what is equal; none but the simple one is here. */
export function refuseCollation(source: BsonDocument): void {
  const collation = source['collation'];
  if (collation === undefined || (isDocument(collation) && collation['locale'] === 'simple')) return;
  throw new CommandError('CommandNotSupported', 'collation is not supported by the embedded database');
}

/** What drivers may send with any command. */
const GENERIC_FIELDS: ReadonlySet<string> = new Set([
  '$db',
  '$readPreference',
  '$clusterTime',
  'lsid',
  'readConcern',
  'writeConcern',
  'maxTimeMS',
  'comment',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
]);

/** A field that was mistyped would be a filter or a limit that is not there. */
export function refuseUnknownFields({ name, command }: CommandContext, known: ReadonlySet<string>): void {
  for (const field of Object.keys(command)) {
    if (field === name || known.has(field) || GENERIC_FIELDS.has(field)) continue;
    throw new CommandError(
      'IDLUnknownField',
      `BSON field '${name}.${field.slice(0, 200)}' is an unknown field.`,
    );
  }
}

function wrongType(name: string, value: Value, expected: string): CommandError {
  return new CommandError(
    'TypeMismatch',
    `BSON field '${name}' is the wrong type '${typeOf(value).alias}', expected '${expected}'`,
  );
}
