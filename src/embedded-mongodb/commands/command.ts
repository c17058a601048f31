/**
 * A command is a function from its context to its reply, and the fields that it knows. The families of
 * commands are maps of names to commands, and registry.ts joins them.
 */
import { encodeFields } from '../bson/codec.ts';
import type { BsonDocument } from '../bson/value.ts';
import type { Slice } from '../execution/slice.ts';
import type { CommandSteps } from '../execution/task.ts';
import type { Catalog } from '../storage/catalog.ts';
import type { SqliteFile } from '../storage/sqlite-file.ts';
import type { Cursors } from './read/cursors.ts';

/** The parts of the server that commands use. */
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
  /** The whole command. Its first field is its name. */
  readonly command: BsonDocument;
  /** Documents that arrived as bytes, by the name of their field. */
  readonly sequences: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly connection: number;
  readonly slice: Slice;
}

/** The reply as BSON, or steps that end with it. */
export type CommandResult = Uint8Array | CommandSteps;

export interface Command {
  run(context: CommandContext): CommandResult;
  /**
   * Beside its name and those that any command may have. Undefined if it takes none, and ignores them all.
   */
  readonly fields: ReadonlySet<string> | undefined;
}

export function command(run: Command['run'], fields: readonly string[]): Command {
  return { run, fields: new Set(fields) };
}

/** A command that takes no arguments. As in MongoDB, it ignores what comes with it. */
export function commandWithoutArguments(run: Command['run']): Command {
  return { run, fields: undefined };
}

/** Commands by name. */
export type CommandFamily = ReadonlyMap<string, Command>;

/** Encodes `{…fields, ok: 1}`, without fields that are undefined. */
export function success(fields: Readonly<Record<string, unknown>> = {}): Uint8Array {
  return encodeFields({ ...fields, ok: 1 });
}
