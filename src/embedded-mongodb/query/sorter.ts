/**
 * Sorts in memory when no index gives the order. Memory is bounded as in MongoDB. With a limit, it keeps only
 * the items that can still be among the first.
 *
 * It sorts short runs and merges them, because a merge can rest after every few items.
 */

import { compareValues, TypeRank, typeRank } from '../bson/compare.ts';
import { MISSING, valuesAt } from '../bson/path.ts';
import type { BsonDocument, Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { spendWork } from '../work.ts';
import type { SortField } from './sort.ts';

/** MongoDB's internalQueryMaxBlockingSortMemoryUsageBytes. */
const MAX_SORT_BYTES = 100 * 1024 * 1024;

/** Sorted without a rest. */
const RUN_LENGTH = 128;
/** A merge can rest after so many items. */
const ITEMS_BETWEEN_RESTS = 16;

interface Entry<Item> {
  readonly item: Item;
  readonly keys: readonly Value[];
  readonly order: number;
  readonly bytes: number;
}

/** Collects items and returns them sorted. Equal items keep their order. */
export class Sorter<Item> {
  readonly #fields: readonly SortField[];
  readonly #keep: number;
  /** The last items, in no order. */
  #recent: Entry<Item>[] = [];
  #runs: Entry<Item>[][] = [];
  #added = 0;
  #kept = 0;
  #bytes = 0;

  /** @param keep how many items are needed, from the first on */
  constructor(fields: readonly SortField[], keep = Infinity) {
    this.#fields = fields;
    this.#keep = keep;
  }

  add(document: BsonDocument, item: Item, bytes: number): void {
    const keys = this.#fields.map((field) => sortKey(document, field));
    this.#recent.push({ item, keys, order: this.#added, bytes });
    this.#added += 1;
    this.#kept += 1;
    this.#bytes += bytes;
    if (this.#recent.length >= RUN_LENGTH) this.#endRun();
  }

  /** It has many items more than are needed, or too much memory. Then `compact` is to be called. */
  get isFull(): boolean {
    return this.#kept > 2 * this.#keep + RUN_LENGTH || this.#bytes > MAX_SORT_BYTES;
  }

  /**
   * Drops the items that are not needed. Yields where it can rest.
   * @throws CommandError QueryExceededMemoryLimitNoDiskUseAllowed if those that are needed take too much
   * memory
   */
  *compact(): Generator<undefined> {
    if (this.#recent.length > 0) this.#endRun();
    const run = yield* this.#merged();
    this.#runs = [run];
    this.#kept = run.length;
    this.#bytes = run.reduce((sum, entry) => sum + entry.bytes, 0);
    if (this.#bytes <= MAX_SORT_BYTES) return;
    throw new CommandError(
      'QueryExceededMemoryLimitNoDiskUseAllowed',
      `Sort exceeded memory limit of ${MAX_SORT_BYTES} bytes. An index with this order would avoid the sort.`,
    );
  }

  /** The items in order. Undefined where it can rest. */
  *inSteps(): Generator<Item | undefined> {
    yield* this.compact();
    for (const { item } of this.#runs[0] ?? []) yield item;
  }

  /** The items in order, without a rest. */
  sorted(): Item[] {
    return [...this.inSteps()].filter((item) => item !== undefined);
  }

  #endRun(): void {
    this.#runs.push(this.#recent.sort((left, right) => this.#compare(left, right)));
    this.#recent = [];
  }

  /** Merges the runs two by two, until one is left. */
  *#merged(): Generator<undefined, Entry<Item>[]> {
    let runs = this.#runs;
    do {
      const longer: Entry<Item>[][] = [];
      for (let index = 0; index < runs.length; index += 2)
        longer.push(yield* this.#mergeTwo(runs[index] ?? [], runs[index + 1] ?? []));
      runs = longer;
    } while (runs.length > 1);
    return runs[0] ?? [];
  }

  *#mergeTwo(left: Entry<Item>[], right: Entry<Item>[]): Generator<undefined, Entry<Item>[]> {
    const length = Math.min(left.length + right.length, this.#keep);
    const merged: Entry<Item>[] = [];
    let fromLeft = 0;
    let fromRight = 0;
    while (merged.length < length) {
      const first = left[fromLeft];
      const second = right[fromRight];
      if (second === undefined || (first !== undefined && this.#compare(first, second) < 0)) {
        if (first !== undefined) merged.push(first);
        fromLeft += 1;
      } else {
        merged.push(second);
        fromRight += 1;
      }
      if (merged.length % ITEMS_BETWEEN_RESTS === 0) yield undefined;
    }
    return merged;
  }

  #compare(left: Entry<Item>, right: Entry<Item>): number {
    spendWork(this.#fields.length);
    for (let index = 0; index < this.#fields.length; index += 1) {
      const order = compareKeys(left.keys[index], right.keys[index]);
      if (order !== 0) return this.#fields[index]?.descending === true ? -order : order;
    }
    return left.order - right.order;
  }
}

/** The key of an empty array. It sorts below null. */
const emptyArrayKey: Value[] = [];

/** An array sorts by its smallest element, or by its greatest when descending. */
function sortKey(document: BsonDocument, field: SortField): Value {
  let key: Value;
  let found = false;
  for (const value of valuesAt(document, field.parts)) {
    const plain = value === MISSING ? null : value;
    for (const candidate of Array.isArray(plain) ? (plain.length === 0 ? [emptyArrayKey] : plain) : [plain]) {
      const order = found ? compareKeys(candidate, key) : 0;
      if (found && (field.descending ? order <= 0 : order >= 0)) continue;
      key = candidate;
      found = true;
    }
  }
  return found ? key : null;
}

function compareKeys(left: Value, right: Value): number {
  if (left !== emptyArrayKey && right !== emptyArrayKey) return compareValues(left, right);
  return keyRank(left) - keyRank(right);
}

function keyRank(value: Value): number {
  return value === emptyArrayKey ? TypeRank.undefined : typeRank(value);
}
