/** Decides whether an index gives the order that a query asks for. Called by the planner. */
import type { StoredIndex } from '../storage/indexes/stored-index.ts';
import type { FieldBounds } from './bounds.ts';
import type { SortField } from './sort.ts';

export type Direction = 'forward' | 'backward';

/**
 * The direction in which the index, within these bounds, gives the order of the sort. Undefined if in
 * neither.
 */
export function sortDirection(
  index: StoredIndex,
  bounds: readonly FieldBounds[],
  sort: readonly SortField[],
): Direction | undefined {
  const { fields } = index.definition;
  const isFixed = (path: string): boolean =>
    bounds[fields.findIndex((field) => field.path === path)]?.single === true;
  const needed = sort.filter((field) => !isFixed(field.path));
  let direction: Direction | undefined;
  let position = 0;
  for (const { path, descending } of needed) {
    while (
      fields[position] !== undefined &&
      fields[position]?.path !== path &&
      bounds[position]?.single === true
    ) {
      position += 1;
    }
    const field = fields[position];
    if (field === undefined || field.path !== path) return undefined;
    const required = field.descending === descending ? 'forward' : 'backward';
    if (direction !== undefined && direction !== required) return undefined;
    direction = required;
    position += 1;
  }
  return direction ?? 'forward';
}
