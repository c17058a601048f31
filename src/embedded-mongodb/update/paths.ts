/** Checks the paths that an update names. Called by operators.ts for every update. */
import { splitPath } from '../bson/path.ts';
import { CommandError } from '../command-error.ts';

const MAX_PATH_DEPTH = 100;

export function assertPath(path: string): void {
  const parts = splitPath(path);
  if (parts.includes(''))
    throw new CommandError('EmptyFieldName', `The update path '${path}' contains an empty field name`);
  if (parts.length > MAX_PATH_DEPTH)
    throw new CommandError('Overflow', `an update path has at most ${MAX_PATH_DEPTH} parts`);
  for (const part of parts) {
    if (part === '$' || part.startsWith('$[')) {
      throw new CommandError(
        'BadValue',
        `Positional operators are not supported by the embedded database: ${path}`,
      );
    }
    if (part.startsWith('$')) {
      const field = `The dollar ($) prefixed field '${part}' in '${path}'`;
      const message = `${field} is not allowed in the context of an update`;
      throw new CommandError('DollarPrefixedFieldName', message);
    }
  }
}

/** @throws CommandError if two changes name the same path, or a path and one inside it */
export function assertNoConflicts(paths: readonly string[]): void {
  const known = new Set(paths);
  if (known.size < paths.length) {
    const repeated = paths.find((path, index) => paths.indexOf(path) !== index) ?? '';
    throw conflict(repeated, repeated);
  }
  for (const path of paths) {
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
      const parent = path.slice(0, dot);
      if (known.has(parent)) throw conflict(path, parent);
    }
  }
}

function conflict(path: string, other: string): CommandError {
  const message = `Updating the path '${path}' would create a conflict at '${other}'`;
  return new CommandError('ConflictingUpdateOperators', message);
}
