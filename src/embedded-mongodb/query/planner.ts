/**
 * Chooses how to find the documents for a filter and a sort: by the index that bounds most, or by reading
 * every document. A plan is a list of key ranges and a direction. Called by query.ts for every query.
 */
import { type BsonDocument, isDocument } from '../bson/value.ts';
import { type Conjunction, conjunctionOf } from '../filter/conjunction.ts';
import type { Collection } from '../storage/collection.ts';
import type { IndexDefinition } from '../storage/indexes/index-definition.ts';
import type { StoredIndex } from '../storage/indexes/stored-index.ts';
import type { ScanPlan } from '../storage/scan.ts';
import { type FieldBounds, fieldBounds } from './bounds.ts';
import { combineBounds } from './combined-ranges.ts';
import type { Hint } from './hint.ts';
import { type Direction, sortDirection } from './index-order.ts';
import { implies } from './partial-index.ts';
import type { SortField } from './sort.ts';

export interface Plan extends ScanPlan {
  /** The scan gives the documents in the order of the sort. */
  readonly sorted: boolean;
  /** Paths whose conditions in the filter hold for every document that the scan finds. */
  readonly proven: ReadonlySet<string>;
}

export interface Wanted {
  readonly filter: BsonDocument;
  readonly sort: readonly SortField[];
  /** How many documents are needed, skipped ones included. 0 means all. */
  readonly limit: number;
  readonly hint?: Hint | undefined;
}

/** Each branch of an `$or` is planned by itself. With more of them, a query reads every document. */
const MAX_BRANCHES = 5000;
/** The lists of `$in` on several fields multiply. Beyond this, the filter alone checks the later fields. */
export const MAX_RANGES = 1000;

export const NOTHING_PROVEN: ReadonlySet<string> = new Set();

/** The value of an index. Avoiding a sort is worth more than an equality only if there is a limit. */
const SCORE = { unique: 1000, equality: 10, range: 4, sort: 6, sortWithLimit: 12, hint: 1 } as const;

/** @returns one plan, or one for each branch of an `$or`, whose results are to be united */
export function planQuery(collection: Collection, wanted: Wanted): readonly Plan[] {
  const { hint } = wanted;
  if (typeof hint === 'string') return [fullScan(collection, wanted, hint === 'natural backward')];
  const conjunction = conjunctionOf(wanted.filter);
  const indexes = hint === undefined ? collection.visibleIndexes : [hint];
  let best: Candidate | undefined;
  for (const index of indexes) {
    const candidate = assess(index, conjunction, wanted);
    if (candidate !== undefined && candidate.score > (best?.score ?? 0)) best = candidate;
  }
  if (best !== undefined) return [indexScan(collection, best, wanted)];
  return (hint === undefined && planBranches(collection, wanted)) || [fullScan(collection, wanted)];
}

/** Plans an `$or` as a union of index scans, if every branch can use an index. */
function planBranches(collection: Collection, wanted: Wanted): readonly Plan[] | undefined {
  const branches = wanted.filter['$or'];
  if (!Array.isArray(branches) || branches.length > MAX_BRANCHES) return undefined;
  const plans: Plan[] = [];
  for (const branch of branches) {
    if (!isDocument(branch)) return undefined;
    const branchPlans = planQuery(collection, { filter: branch, sort: [], limit: 0 });
    if (branchPlans.some((plan) => plan.index === undefined)) return undefined;
    plans.push(...branchPlans);
  }
  // Each plan may be sorted by itself, but their union is not. What a plan proves is about its own branch.
  return plans.map((plan) => ({ ...plan, sorted: wanted.sort.length === 0, proven: NOTHING_PROVEN }));
}

function fullScan(collection: Collection, wanted: Wanted, backward = false): Plan {
  const sorted = wanted.sort.length === 0;
  return {
    collection,
    index: undefined,
    ranges: [],
    backward,
    sorted,
    proven: NOTHING_PROVEN,
    unique: false,
    firstRows: firstRows(wanted, sorted),
  };
}

/** An index that can serve a query. */
interface Candidate {
  readonly index: StoredIndex;
  readonly bounds: readonly FieldBounds[];
  /** In which it gives the order of the sort. Undefined if in neither. */
  readonly direction: Direction | undefined;
  /** The bounds give complete keys, of which each belongs to one document. */
  readonly unique: boolean;
  readonly score: number;
}

/** @returns undefined if the index does not help, or may lack documents that match */
function assess(index: StoredIndex, conjunction: Conjunction, wanted: Wanted): Candidate | undefined {
  const { definition } = index;
  if (definition.partialFilter !== undefined && !implies(conjunction, definition.partialFilter))
    return undefined;
  const bounds = boundsOf(index, conjunction);
  // A sparse index leaves out documents that a query without bounds must find.
  if (definition.sparse && bounds.length === 0) return undefined;
  const direction = index.multikey ? undefined : sortDirection(index, bounds, wanted.sort);
  if (bounds.length === 0 && direction === undefined && wanted.hint === undefined) return undefined;
  const equalities = bounds.filter((field) => field.points).length;
  const unique = definition.unique && equalities === definition.fields.length;
  const boundsScore = equalities * SCORE.equality + (bounds.length - equalities) * SCORE.range;
  const score = boundsScore + (unique ? SCORE.unique : 0) + wishScore(wanted, direction);
  return { index, bounds, direction, unique, score };
}

function indexScan(collection: Collection, chosen: Candidate, wanted: Wanted): Plan {
  const { index, bounds, direction, unique } = chosen;
  const sorted = wanted.sort.length === 0 || direction !== undefined;
  return {
    collection,
    index,
    ranges: combineBounds(bounds, index.definition.descending),
    backward: direction === 'backward',
    sorted,
    proven: provenPaths(index.definition, bounds),
    unique,
    firstRows: firstRows(wanted, sorted),
  };
}

/**
 * A document has the key of a value exactly if it has that value at the path, or an array with it. That is
 * what `$eq` and `$in` ask for.
 */
function provenPaths({ fields }: IndexDefinition, bounds: readonly FieldBounds[]): ReadonlySet<string> {
  return new Set(fields.filter((_, position) => bounds[position]?.exact === true).map(({ path }) => path));
}

/** The value of an index for the sort and the hint. */
function wishScore({ sort, limit, hint }: Wanted, direction: Direction | undefined): number {
  const hintScore = hint === undefined ? 0 : SCORE.hint;
  if (direction === undefined || sort.length === 0) return hintScore;
  return hintScore + (limit > 0 ? SCORE.sortWithLimit : SCORE.sort);
}

const DEFAULT_FIRST_ROWS = 16;
const MAX_FIRST_ROWS = 128;

/** One more than is wanted, because a page often begins with the document where the one before it ended. */
function firstRows(wanted: Wanted, sorted: boolean): number {
  return sorted && wanted.limit > 0 ? Math.min(wanted.limit + 1, MAX_FIRST_ROWS) : DEFAULT_FIRST_ROWS;
}

/** The bounds of the index's first fields: any number of fields with fixed values, then at most one range. */
function boundsOf(index: StoredIndex, conjunction: Conjunction): FieldBounds[] {
  const result: FieldBounds[] = [];
  let count = 1;
  for (const { path } of index.definition.fields) {
    const nullAllowed = !index.definition.sparse && !(index.multikey && path.includes('.'));
    const bounds = fieldBounds(conjunction.get(path), index.multikey, nullAllowed);
    if (bounds === undefined) break;
    count *= bounds.count;
    if (count > MAX_RANGES && result.length > 0) break;
    result.push(bounds);
    if (!bounds.points || (index.multikey && mayShareArray(index.definition))) break;
  }
  return result;
}

/**
 * Different elements of an array may satisfy the bounds of different fields within it, so only the first
 * field is safe then. No document has two arrays in an index, so fields that begin differently are all safe.
 */
function mayShareArray({ fields }: IndexDefinition): boolean {
  const beginnings = new Set(fields.map(({ path }) => path.split('.', 1)[0]));
  return beginnings.size < fields.length;
}
