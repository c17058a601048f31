/** The update operator $rename, which moves a field to another path. */

import { type Path, splitPath } from '../bson/path.ts';
import type { BsonDocument, Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { PathChange } from './change.ts';
import { assertViable, readTarget, removeTarget, writeTarget } from './target.ts';

export function compileRename(path: string, operand: Value): PathChange {
  if (typeof operand !== 'string')
    throw new CommandError('BadValue', "The 'to' field for $rename must be a string");
  const from = splitPath(path);
  const to = splitPath(operand);
  return {
    path,
    onlyOnInsert: false,
    apply: (document) => {
      assertNoArrays(document, from);
      assertNoArrays(document, to);
      const { present, value } = readTarget(document, from);
      if (!present) return false;
      assertViable(document, to);
      removeTarget(document, from);
      writeTarget(document, to, value);
      return true;
    },
  };
}

function assertNoArrays(document: BsonDocument, path: Path): void {
  for (let depth = 1; depth < path.length; depth += 1) {
    if (!Array.isArray(readTarget(document, path.slice(0, depth)).value)) continue;
    throw new CommandError('BadValue', `The field of $rename cannot be below an array: ${path.join('.')}`);
  }
}
