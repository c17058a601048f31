/**
 * The settings of the command `npm run database`. A server that runs the database inside its own process
 * passes the data directory itself.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

const DEFAULT_DATA_DIRECTORY = './data';

export interface DatabaseSettings {
  /** Absolute path. */
  readonly dataDirectory: string;
}

/** The command is refused. The message names the setting and what is wrong with it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** An empty variable counts as not set. @throws SettingsError */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): DatabaseSettings {
  const dataDirectory = resolve(environment['DATA_DIR'] || DEFAULT_DATA_DIRECTORY);
  if (!isDirectoryOrMissing(dataDirectory)) {
    throw new SettingsError(`DATA_DIR must be a directory, but ${dataDirectory} is a file`);
  }
  return { dataDirectory };
}

function isDirectoryOrMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() !== false;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SettingsError(`DATA_DIR must be a directory that this user can enter: ${reason}`, {
      cause: error,
    });
  }
}
