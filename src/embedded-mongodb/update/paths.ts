/** Checks the paths that an update names. Called by operators.ts for every update. */
import { splitPath } from '../bson/path.ts';
import { isReferenceField } from '../bson/reference.ts';
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
    if (part.startsWith('$') && !isReferenceField(part)) {
      const field = `The dollar ($) prefixed field '${part}' in '${path}'`;
      const message = `${field} is not allowed in the context of an update`;
      throw new CommandError('DollarPrefixedFieldName', message);
    }
  }
}

/** @throws CommandError if two changes name the same path, or a path and one inside it */
export function assertNoConflicts(paths: readonly string[]): void {
  const conflict = findConflict(paths);
  if (conflict === undefined) return;
  const message = `Updating the path '${conflict.path}' would create a conflict at '${conflict.other}'`;
  throw new CommandError('ConflictingUpdateOperators', message);
}

/** A path that occurs twice, or one that lies inside another. */
export function findConflict(paths: readonly string[]): { path: string; other: string } | undefined {
  const known = new Set<string>();
  for (const path of paths) {
    if (known.has(path)) return { path, other: path };
    known.add(path);
  }
  for (const path of paths) {
    const other = parentsOf(path).find((parent) => known.has(parent));
    if (other !== undefined) return { path, other };
  }
  return undefined;
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1))
    parents.push(path.slice(0, dot));
  return parents;
}
