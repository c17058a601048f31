/** Parses sort specifications, such as `{name: 1, age: -1}`. */

import { type Path, splitPath } from '../bson/path.ts';
import { type BsonDocument, isDocument, namesOf, toNumber } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

const MAX_SORT_FIELDS = 32;

export interface SortField {
  readonly path: string;
  readonly parts: Path;
  readonly descending: boolean;
}

/** @throws CommandError if a direction is neither 1 nor -1 */
export function parseSort(specification: BsonDocument): SortField[] {
  const paths = namesOf(specification);
  if (paths.length > MAX_SORT_FIELDS)
    throw new CommandError('BadValue', `a sort has at most ${MAX_SORT_FIELDS} fields`);
  return paths.map((path) => {
    const direction = specification[path];
    if (isDocument(direction))
      throw new CommandError('BadValue', '$meta sorts are not supported by the embedded database');
    const number = toNumber(direction);
    if (number !== 1 && number !== -1) {
      throw new CommandError(
        'BadValue',
        '$sort key ordering must be 1 (for ascending) or -1 (for descending)',
      );
    }
    if (path === '' || path.startsWith('$'))
      throw new CommandError('BadValue', `bad sort specification: ${path}`);
    return { path, parts: splitPath(path), descending: number === -1 };
  });
}
