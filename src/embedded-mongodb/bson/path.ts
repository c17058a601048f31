/**
 * Dotted paths into documents, as MongoDB's queries and index keys follow them: through documents by
 * name, through arrays by number and also into each of their elements.
 */
import { type BsonDocument, isDocument, ownValue, type Value } from './value.ts';

/** What a path leads to where there is nothing; unlike undefined it is no value. */
export const MISSING = Symbol('missing');
export type Found = Value | typeof MISSING;

export type Path = readonly string[];

export function splitPath(path: string): Path {
  return path.split('.');
}

/** An array index as a path writes it: "0", "17", not "01". */
export function isArrayIndex(component: string): boolean {
  return /^(?:0|[1-9]\d{0,6})$/.test(component);
}

/**
 * All values that `path` leads to; arrays at its end are not opened. An array on the way contributes one
 * entry (perhaps MISSING) for each document in it, and none for scalars.
 */
export function valuesAt(document: BsonDocument, path: Path): Found[] {
  const found: Found[] = [];
  collect(document, path, 0, found);
  return found;
}

function collect(document: BsonDocument, path: Path, depth: number, found: Found[]): void {
  const name = path[depth] ?? '';
  if (!Object.hasOwn(document, name)) {
    found.push(MISSING);
    return;
  }
  collectFrom(ownValue(document, name), path, depth + 1, found);
}

function collectFrom(value: Value, path: Path, depth: number, found: Found[]): void {
  if (depth === path.length) {
    found.push(value);
  } else if (isDocument(value)) {
    collect(value, path, depth, found);
  } else if (Array.isArray(value)) {
    collectFromArray(value, path, depth, found);
  } else {
    found.push(MISSING);
  }
}

function collectFromArray(array: readonly Value[], path: Path, depth: number, found: Found[]): void {
  const component = path[depth] ?? '';
  if (isArrayIndex(component)) {
    const index = Number(component);
    if (index < array.length) collectFrom(array[index], path, depth + 1, found);
  }
  for (const element of array) {
    if (isDocument(element)) collect(element, path, depth, found);
  }
}
