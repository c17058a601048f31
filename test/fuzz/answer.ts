/**
 * The answer of one call of a core, reduced to the words that have a meaning for its status, so that two
 * answers can be compared and shown. A word is only left out if assembly/record.ts gives it no meaning.
 */

import * as r from '../../assembly/record.ts';

type Span = readonly [from: number, to: number];

const COMPLETE_SPANS: readonly Span[] = [
  [r.STATUS, r.CONSUMED + 1],
  [r.METHOD, r.AUTHORITY_LENGTH + 1],
  [r.WELL_KNOWN, r.WELL_KNOWN + r.MAX_WELL_KNOWN],
];
const NEED_SPANS: readonly Span[] = [
  [r.STATUS, r.STATUS + 1],
  [r.MISSING, r.MISSING + 1],
  [r.PHASE, r.DECODED + 1],
];
const ERROR_SPANS: readonly Span[] = [
  [r.STATUS, r.STATUS + 1],
  [r.ERROR_STATUS, r.ERROR_REASON + 1],
];

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(r)
    .filter(
      ([name]) =>
        !/^(?:PARSE|PHASE|ROUTE|METHOD|FORM|FLAG|HEADER|REASON|MAX)_(?!START|LENGTH|COUNT)/.test(name),
    )
    .filter(([, value]) => value < r.PARAMETERS)
    .map(([name, value]) => [value, name]),
);

export class Answer {
  readonly status: number;
  readonly #record: Int32Array;

  /** Copies what stands in a record now, since the next parse overwrites it. */
  constructor(record: Int32Array) {
    this.status = record[r.STATUS] ?? -1;
    this.#record = record.slice(0, usedWords(record));
  }

  get isNeed(): boolean {
    return this.status === r.PARSE_NEED;
  }

  isIn(record: Int32Array): boolean {
    return sameRecords(this.#record, record);
  }

  toString(): string {
    return describeRecord(this.#record);
  }
}

/** True when two records say the same. */
export function sameRecords(one: Int32Array, other: Int32Array): boolean {
  for (const [from, to] of meaningfulSpans(one)) {
    for (let word = from; word < to; word++) if (one[word] !== other[word]) return false;
  }
  return true;
}

/** The words in which two records differ, for a person to read. */
export function describeDifference(one: Int32Array, other: Int32Array): string {
  const words = new Set([...meaningfulWords(one), ...meaningfulWords(other)]);
  return [...words]
    .filter((word) => one[word] !== other[word])
    .map((word) => `${wordName(word)}: ${one[word]} and ${other[word]}`)
    .join(', ');
}

export function describeRecord(record: Int32Array): string {
  return meaningfulWords(record)
    .filter((word) => word < r.PARAMETERS && record[word] !== 0)
    .map((word) => `${wordName(word)} ${record[word]}`)
    .join(', ');
}

function meaningfulSpans(record: Int32Array): readonly Span[] {
  switch (record[r.STATUS]) {
    case r.PARSE_COMPLETE:
      return [
        ...COMPLETE_SPANS,
        [r.PARAMETERS, r.PARAMETERS + 2 * (record[r.PARAMETER_COUNT] ?? 0)],
        [r.HEADERS, usedWords(record)],
      ];
    case r.PARSE_NEED:
      return NEED_SPANS;
    default:
      return ERROR_SPANS;
  }
}

function usedWords(record: Int32Array): number {
  return (
    r.HEADERS + r.HEADER_WORDS * (record[r.STATUS] === r.PARSE_COMPLETE ? (record[r.HEADER_COUNT] ?? 0) : 0)
  );
}

function meaningfulWords(record: Int32Array): number[] {
  return meaningfulSpans(record).flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, i) => from + i),
  );
}

function wordName(number: number): string {
  if (number >= r.HEADERS) {
    const field = Math.floor((number - r.HEADERS) / r.HEADER_WORDS);
    return `HEADERS[${field}].${(number - r.HEADERS) % r.HEADER_WORDS}`;
  }
  if (number >= r.WELL_KNOWN) return `WELL_KNOWN[${number - r.WELL_KNOWN}]`;
  if (number >= r.PARAMETERS) return `PARAMETERS[${number - r.PARAMETERS}]`;
  return NAMES.get(number) ?? `word ${number}`;
}
