/** DATA_DIR, which the embedded database and the application on it share. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ParseProblem } from './parsers.ts';
import type { Setting } from './settings.ts';

/** An absolute path. */
export const DATA_DIRECTORY: Setting<string> = {
  name: 'DATA_DIR',
  fallback: resolve('./data'),
  fallbackText: '`./data`',
  parse: directoryOrMissing,
  about: 'The directory of the embedded database and the generated secret.',
};

function directoryOrMissing(text: string): string | ParseProblem {
  const path = resolve(text);
  try {
    const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() !== false;
    return isDirectory ? path : { problem: `must be a directory, but ${path} is a file` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `must be a directory that this user can enter: ${reason}` };
  }
}
