/**
 * Sorts in memory when no index gives the order. Memory is bounded as in MongoDB. With a limit, it keeps only
 * the items that can still be among the first.
 */

import { compareValues, TypeRank, typeRank } from '../bson/compare.ts';
import { MISSING, valuesAt } from '../bson/path.ts';
import type { BsonDocument, Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { SortField } from './sort.ts';

/** MongoDB's internalQueryMaxBlockingSortMemoryUsageBytes. */
const MAX_SORT_BYTES = 100 * 1024 * 1024;

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
  #entries: Entry<Item>[] = [];
  #count = 0;
  #bytes = 0;

  /** @param keep how many items are needed, from the first on */
  constructor(fields: readonly SortField[], keep = Infinity) {
    this.#fields = fields;
    this.#keep = keep;
  }

  add(document: BsonDocument, item: Item, bytes: number): void {
    const keys = this.#fields.map((field) => sortKey(document, field));
    this.#entries.push({ item, keys, order: this.#count, bytes });
    this.#count += 1;
    this.#bytes += bytes;
    if (this.#entries.length > 2 * this.#keep + 100 || this.#bytes > MAX_SORT_BYTES) this.#shrink();
    if (this.#bytes <= MAX_SORT_BYTES) return;
    throw new CommandError(
      'QueryExceededMemoryLimitNoDiskUseAllowed',
      `Sort exceeded memory limit of ${MAX_SORT_BYTES} bytes. An index with this order would avoid the sort.`,
    );
  }

  sorted(): Item[] {
    this.#shrink();
    return this.#entries.map((entry) => entry.item);
  }

  #shrink(): void {
    this.#entries.sort((left, right) => this.#compare(left, right));
    if (this.#entries.length <= this.#keep) return;
    this.#entries = this.#entries.slice(0, this.#keep);
    this.#bytes = this.#entries.reduce((sum, entry) => sum + entry.bytes, 0);
  }

  #compare(left: Entry<Item>, right: Entry<Item>): number {
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
