/**
 * Reads, writes and removes the field at a dotted path. Writing creates the documents that are missing on the
 * way. Used by update operators and upserts.
 */

import { isArrayIndex, type Path } from '../bson/path.ts';
import { typeAlias } from '../bson/type-names.ts';
import { type BsonDocument, isDocument, removeOwnValue, setOwnValue, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

/** Writing behind the end of an array fills the gap with nulls. */
const MAX_ARRAY_PADDING = 100_000;

type Container = BsonDocument | Value[];

/** The value at the path. `present` tells null from a missing field. */
export function readTarget(document: BsonDocument, path: Path): { present: boolean; value: Value } {
  let current: Value = document;
  for (const part of path) {
    const next = child(current, part);
    if (!next.present) return next;
    current = next.value;
  }
  return { present: true, value: current };
}

/** @throws CommandError PathNotViable if a scalar is in the way */
export function writeTarget(document: BsonDocument, path: Path, value: Value): void {
  let container: Container = document;
  for (let depth = 0; depth < path.length - 1; depth += 1) {
    const part = path[depth] ?? '';
    const next = child(container, part);
    let inner = next.value;
    if (!next.present) {
      inner = {};
      assign(container, part, inner, path);
    }
    if (!isDocument(inner) && !Array.isArray(inner)) throw notViable(path, depth + 1, part, inner);
    container = inner;
  }
  assign(container, path.at(-1) ?? '', value, path);
}

/** Removes a field. An element of an array becomes null, so that the others keep their positions. */
export function removeTarget(document: BsonDocument, path: Path): boolean {
  const parent = readTarget(document, path.slice(0, -1));
  const name = path.at(-1) ?? '';
  if (!parent.present || !child(parent.value, name).present) return false;
  if (Array.isArray(parent.value)) parent.value[Number(name)] = null;
  else if (isDocument(parent.value)) removeOwnValue(parent.value, name);
  return true;
}

/** @throws CommandError PathNotViable if the path could not be written */
export function assertViable(document: BsonDocument, path: Path): void {
  let current: Value = document;
  path.forEach((part, depth) => {
    if (current === undefined) return;
    if (Array.isArray(current) && !isArrayIndex(part)) throw notViable(path, depth, part, current);
    if (!isDocument(current) && !Array.isArray(current)) throw notViable(path, depth, part, current);
    const next = child(current, part);
    current = next.present ? next.value : undefined;
  });
}

function child(container: Value, part: string): { present: boolean; value: Value } {
  if (Array.isArray(container)) {
    const present = isArrayIndex(part) && Number(part) < container.length;
    return { present, value: present ? container[Number(part)] : undefined };
  }
  const present = isDocument(container) && Object.hasOwn(container, part);
  return { present, value: present ? container[part] : undefined };
}

function assign(container: Container, part: string, value: Value, path: Path): void {
  if (!Array.isArray(container)) {
    setOwnValue(container, part, value);
    return;
  }
  if (!isArrayIndex(part)) throw notViable(path, path.indexOf(part), part, container);
  const index = Number(part);
  if (index > container.length + MAX_ARRAY_PADDING) {
    throw new CommandError(
      'BadValue',
      `can't backfill an array with more than ${MAX_ARRAY_PADDING} elements`,
    );
  }
  while (container.length < index) container.push(null);
  container[index] = value;
}

function notViable(path: Path, depth: number, part: string, value: Value): CommandError {
  const name = path[depth] ?? part;
  const type = typeAlias(value);
  return new CommandError(
    'PathNotViable',
    `Cannot create field '${name}' in element {${part}: (${type})} of path ${path.join('.')}`,
  );
}
