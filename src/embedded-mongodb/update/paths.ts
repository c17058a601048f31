/** Checks the paths that an update names. Called by operators.ts for every update. */
import { compareStrings } from '../bson/compare.ts';
import { isArrayIndex, type Path, splitPath } from '../bson/path.ts';
import { isReferenceField } from '../bson/reference.ts';
import { CommandError } from '../command-error.ts';

const MAX_PATH_DEPTH = 100;

export function assertPath(path: string): void {
  const parts = splitPath(path);
  if (parts.includes(''))
    throw new CommandError('EmptyFieldName', `The update path '${path}' contains an empty field name`);
  if (parts.length > MAX_PATH_DEPTH)
    throw new CommandError('Overflow', `an update path has at most ${MAX_PATH_DEPTH} parts`);
  parts.forEach((part, depth) => {
    if (part === '$' || part.startsWith('$[')) {
      throw new CommandError(
        'BadValue',
        `Positional operators are not supported by the embedded database: ${path}`,
      );
    }
    if (part.startsWith('$') && !(depth > 0 && isReferenceField(part))) {
      const field = `The dollar ($) prefixed field '${part}' in '${path}'`;
      const message = `${field} is not allowed in the context of an update`;
      throw new CommandError('DollarPrefixedFieldName', message);
    }
  });
}

/** Part by part: numbers by value, and other names by their bytes. */
export function comparePaths(left: Path, right: Path): number {
  const length = Math.min(left.length, right.length);
  for (let depth = 0; depth < length; depth += 1) {
    const order = compareParts(left[depth] ?? '', right[depth] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareParts(left: string, right: string): number {
  if (left === right) return 0;
  const areNumbers = isArrayIndex(left) && isArrayIndex(right);
  return areNumbers ? Number(left) - Number(right) : compareStrings(left, right);
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
