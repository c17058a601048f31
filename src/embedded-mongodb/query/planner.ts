/**
 * Chooses how to find what a filter and a sort ask for: by the index that bounds most, in the wanted
 * order if it can, or by looking at every document. A plan is a list of key ranges and a direction.
 */
import { equalValues } from '../bson/compare.ts';
import { type BsonDocument, isDocument, isNullish, type Value } from '../bson/value.ts';
import type { Collection, StoredIndex } from '../storage/collection.ts';
import { successor } from '../storage/key.ts';
import {
  type Conjunction,
  conjunctionOf,
  END_OF_KEYS,
  type FieldBounds,
  fieldBounds,
  type KeyRange,
} from './bounds.ts';
import type { SortField } from './sort.ts';

export interface Plan {
  readonly collection: Collection;
  /** Undefined: every document, in the order they came. */
  readonly index: StoredIndex | undefined;
  /** Disjoint; in ascending order of keys. */
  readonly ranges: readonly KeyRange[];
  readonly backward: boolean;
  /** Documents come in the order of the sort. */
  readonly sorted: boolean;
  /** Each range holds one document at most. */
  readonly unique: boolean;
  /** Documents that are wanted before any others: the first chunk of a scan need not be larger. */
  readonly firstRows: number;
}

export interface Wanted {
  readonly filter: BsonDocument;
  readonly sort: readonly SortField[];
  /** Documents that are wanted, skipped ones included; 0 for all. */
  readonly limit: number;
  /** The name or key pattern of an index to use, or `$natural`. */
  readonly hint?: StoredIndex | 'natural' | undefined;
}

/** `$in` on several fields multiplies; beyond this the later fields are left to the filter. */
export const MAX_RANGES = 1000;

/** What an index is worth. A sort that need not be done outweighs an equality only if there is a limit. */
const SCORE = { unique: 1000, equality: 10, range: 4, sort: 6, sortWithLimit: 12 } as const;

/** @returns one plan, or several whose results are united (the branches of an `$or`) */
export function planQuery(collection: Collection, wanted: Wanted): readonly Plan[] {
  if (wanted.hint === 'natural') return [fullScan(collection, wanted)];
  const conjunction = conjunctionOf(wanted.filter);
  const indexes = wanted.hint === undefined ? collection.indexes : [wanted.hint];
  let best: { plan: Plan; score: number } | undefined;
  for (const index of indexes) {
    const candidate = planIndex(collection, index, conjunction, wanted);
    if (candidate !== undefined && candidate.score > (best?.score ?? 0)) best = candidate;
  }
  if (best !== undefined) return [best.plan];
  return (wanted.hint === undefined && planBranches(collection, wanted)) || [fullScan(collection, wanted)];
}

/** An `$or` is a union of index scans if each of its branches is one. */
function planBranches(collection: Collection, wanted: Wanted): readonly Plan[] | undefined {
  const branches = wanted.filter['$or'];
  if (!Array.isArray(branches)) return undefined;
  const plans: Plan[] = [];
  for (const branch of branches) {
    if (!isDocument(branch)) return undefined;
    const branchPlans = planQuery(collection, { filter: branch, sort: [], limit: 0 });
    if (branchPlans.some((plan) => plan.index === undefined)) return undefined;
    plans.push(...branchPlans);
  }
  // Where one branch is the only plan its order would do, but a union has none.
  return plans.map((plan) => ({ ...plan, sorted: wanted.sort.length === 0 }));
}

function fullScan(collection: Collection, wanted: Wanted): Plan {
  const sorted = wanted.sort.length === 0;
  return {
    collection,
    index: undefined,
    ranges: [],
    backward: false,
    sorted,
    unique: false,
    firstRows: firstRows(wanted, sorted),
  };
}

function planIndex(
  collection: Collection,
  index: StoredIndex,
  conjunction: Conjunction,
  wanted: Wanted,
): { plan: Plan; score: number } | undefined {
  const { definition } = index;
  if (definition.partialFilter !== undefined && !implies(conjunction, definition.partialFilter))
    return undefined;
  const bounds = boundsOf(index, conjunction);
  // A sparse index does not know the documents without its fields.
  if (definition.sparse && bounds.length === 0) return undefined;
  const direction = index.multikey ? undefined : sortDirection(index, bounds, wanted.sort);
  if (bounds.length === 0 && direction === undefined && wanted.hint === undefined) return undefined;
  const equalities = bounds.filter((field) => field.points).length;
  const unique = definition.unique && equalities === definition.fields.length;
  const sortScore =
    direction === undefined || wanted.sort.length === 0
      ? 0
      : wanted.limit > 0
        ? SCORE.sortWithLimit
        : SCORE.sort;
  const score =
    (unique ? SCORE.unique : 0) +
    equalities * SCORE.equality +
    (bounds.length - equalities) * SCORE.range +
    sortScore +
    (wanted.hint === undefined ? 0 : 1);
  const sorted = wanted.sort.length === 0 || direction !== undefined;
  const plan: Plan = {
    collection,
    index,
    ranges: combineBounds(bounds, definition.descending),
    backward: direction === 'backward',
    sorted,
    unique,
    firstRows: firstRows(wanted, sorted),
  };
  return { plan, score };
}

const DEFAULT_FIRST_ROWS = 16;
const MAX_FIRST_ROWS = 128;

function firstRows(wanted: Wanted, sorted: boolean): number {
  return sorted && wanted.limit > 0 ? Math.min(wanted.limit, MAX_FIRST_ROWS) : DEFAULT_FIRST_ROWS;
}

/** Bounds of the index's first fields: values, then perhaps one range. */
function boundsOf(index: StoredIndex, conjunction: Conjunction): FieldBounds[] {
  const result: FieldBounds[] = [];
  let count = 1;
  for (const { path } of index.definition.fields) {
    const nullAllowed = !index.definition.sparse && !(index.multikey && path.includes('.'));
    const bounds = fieldBounds(conjunction.get(path), index.multikey, nullAllowed);
    if (bounds === undefined) break;
    count *= bounds.ranges.length;
    if (count > MAX_RANGES && result.length > 0) break;
    result.push(bounds);
    // Fields below one array are bounded by different elements; only the first is certain.
    if (!bounds.points || index.multikey) break;
  }
  return result;
}

/** Whether the index, within these bounds, yields the order of the sort, and from which end. */
function sortDirection(
  index: StoredIndex,
  bounds: readonly FieldBounds[],
  sort: readonly SortField[],
): 'forward' | 'backward' | undefined {
  const { fields } = index.definition;
  const isFixed = (path: string): boolean =>
    bounds[fields.findIndex((field) => field.path === path)]?.single === true;
  const needed = sort.filter((field) => !isFixed(field.path));
  let direction: 'forward' | 'backward' | undefined;
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

/** Ranges of whole keys: every combination of the fields' ranges, in the order of the keys. */
export function combineBounds(bounds: readonly FieldBounds[], descending: readonly boolean[]): KeyRange[] {
  let ranges: KeyRange[] = [{ low: new Uint8Array(0), high: END_OF_KEYS }];
  bounds.forEach((field, position) => {
    const own =
      descending[position] === true
        ? field.ranges.map(field.points ? invertPoint : invertRange)
        : field.ranges;
    ranges = ranges.flatMap(({ low: prefix }) =>
      own.map(({ low, high }) => ({ low: concatenate(prefix, low), high: concatenate(prefix, high) })),
    );
  });
  return ranges.toSorted((left, right) => Buffer.compare(left.low, right.low));
}

/** The inverted key itself, since further fields may follow it. */
function invertPoint({ low }: KeyRange): KeyRange {
  const inverted = invert(low);
  return { low: inverted, high: successor(inverted) ?? END_OF_KEYS };
}

/** Inverting bytes turns "from low up to high" into "above high down to low, with all that begins so". */
function invertRange({ low, high }: KeyRange): KeyRange {
  return { low: successor(invert(high)) ?? END_OF_KEYS, high: successor(invert(low)) ?? END_OF_KEYS };
}

function invert(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0xff);
}

function concatenate(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.length === 0 ? right : Buffer.concat([left, right]);
}

/** A partial index may be used if the filter demands, word for word, what the index demands. */
function implies(conjunction: Conjunction, partialFilter: BsonDocument): boolean {
  for (const [path, conditions] of conjunctionOf(partialFilter)) {
    const demanded = conjunction.get(path) ?? [];
    for (const condition of conditions) {
      const same = demanded.some((value) => equalValues(value, condition));
      if (!same && !(isExistence(condition) && demanded.some(demandsPresence))) return false;
    }
  }
  // Operators at the top, `$and` aside, would need a proof.
  return Object.keys(partialFilter).every((name) => !name.startsWith('$') || name === '$and');
}

function isExistence(condition: Value): boolean {
  return isDocument(condition) && Object.keys(condition).length === 1 && condition['$exists'] === true;
}

/** Equality with something other than null finds no document without the field. */
function demandsPresence(condition: Value): boolean {
  if (isNullish(condition)) return false;
  if (!isDocument(condition)) return true;
  const [operator] = Object.keys(condition);
  if (operator === undefined || !operator.startsWith('$')) return true;
  return ['$eq', '$gt', '$gte', '$lt', '$lte'].includes(operator) && !isNullish(condition[operator]);
}
