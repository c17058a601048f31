/**
 * Dotted paths into documents, as MongoDB's queries follow them. A path enters a document by field name, and
 * an array both by index and through each of its elements.
 */
import { spendWork } from '../work.ts';
import { type BsonDocument, isDocument, ownValue, type Value } from './value.ts';

/** A path leads to no field. Unlike undefined, this is not a BSON value. */
export const MISSING = Symbol('missing');
export type Found = Value | typeof MISSING;

export type Path = readonly string[];

export function splitPath(path: string): Path {
  return path.split('.');
}

/** True for an array index such as "0" or "17", false for "01". */
export function isArrayIndex(component: string): boolean {
  return /^(?:0|[1-9]\d{0,6})$/.test(component);
}

/**
 * All values that `path` leads to. An array at its end counts as one value. An array on the way contributes
 * one entry (perhaps MISSING) for each document in it, and none for its scalars.
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
  // An index and the elements may lead to the same arrays, so the ways can be many more than the values.
  spendWork(array.length);
  const component = path[depth] ?? '';
  if (isArrayIndex(component)) {
    const index = Number(component);
    if (index < array.length) collectFrom(array[index], path, depth + 1, found);
  }
  for (const element of array) {
    if (isDocument(element)) collect(element, path, depth, found);
  }
}
