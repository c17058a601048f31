/**
 * Projections of find and findAndModify: the fields to include or exclude, by dotted path. Expressions,
 * `$slice`, `$elemMatch` and the positional operator are refused.
 */

import { splitPath } from '../bson/path.ts';
import { isReferenceField } from '../bson/reference.ts';
import {
  type BsonDocument,
  isDocument,
  isNumber,
  namesOf,
  setOwnValue,
  toNumber,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

export type Projection = (document: BsonDocument) => BsonDocument;

/** The named paths as a tree. A leaf is `true`. */
type PathTree = Map<string, PathTree | true>;

const MAX_PATHS = 1000;
const MAX_DEPTH = 100;

/** @returns undefined if every field is included */
export function compileProjection(specification: BsonDocument): Projection | undefined {
  const paths = Object.keys(specification);
  if (paths.length === 0) return undefined;
  if (paths.length > MAX_PATHS)
    throw new CommandError('BadValue', `a projection has at most ${MAX_PATHS} paths`);
  const wanted = new Map(paths.map((path) => [path, isIncluded(path, specification[path])]));
  const modes = new Set([...wanted].filter(([path]) => path !== '_id').map(([, included]) => included));
  if (modes.size > 1) {
    throw new CommandError(
      'BadValue',
      'Cannot do exclusion on some fields and inclusion on others in one projection',
    );
  }
  const [mode] = modes;
  const including = mode ?? wanted.get('_id') === true;
  const tree = buildTree(paths.filter((path) => wanted.get(path) === including));
  if (including && wanted.get('_id') !== false) tree.set('_id', true);
  if (!including && wanted.get('_id') === true) tree.delete('_id');
  return including ? (document) => include(document, tree) : (document) => exclude(document, tree);
}

function isIncluded(path: string, value: Value): boolean {
  if (splitPath(path).some((part) => part === '' || (part.startsWith('$') && !isReferenceField(part)))) {
    throw new CommandError(
      'BadValue',
      `positional operators and names with "$" are not supported in projections: ${path}`,
    );
  }
  if (typeof value === 'boolean') return value;
  if (isNumber(value)) return toNumber(value) !== 0;
  throw new CommandError(
    'BadValue',
    `Unsupported projection option: the value of ${path} must be a number or a boolean`,
  );
}

function buildTree(paths: readonly string[]): PathTree {
  const root: PathTree = new Map();
  for (const path of paths) {
    const parts = splitPath(path);
    if (parts.length > MAX_DEPTH) throw new CommandError('BadValue', 'a projected path is too long');
    let node = root;
    parts.forEach((part, index) => {
      const child = node.get(part);
      if (child === true || (index === parts.length - 1 && child !== undefined)) {
        throw new CommandError('BadValue', `Path collision at ${path}`);
      }
      const next: PathTree = child ?? new Map();
      node.set(part, index === parts.length - 1 ? true : next);
      node = next;
    });
  }
  return root;
}

function include(document: BsonDocument, tree: PathTree): BsonDocument {
  const result: BsonDocument = {};
  for (const name of namesOf(document)) {
    const node = tree.get(name);
    if (node === undefined) continue;
    const value = node === true ? document[name] : includeIn(document[name], node);
    if (value !== undefined || node === true) setOwnValue(result, name, value);
  }
  return result;
}

/** Inside a path only documents and arrays of documents remain. Scalars are dropped. */
function includeIn(value: Value, tree: PathTree): Value {
  if (Array.isArray(value)) {
    return value.map((element) => includeIn(element, tree)).filter((element) => element !== undefined);
  }
  return isDocument(value) ? include(value, tree) : undefined;
}

function exclude(document: BsonDocument, tree: PathTree): BsonDocument {
  const result: BsonDocument = {};
  for (const name of namesOf(document)) {
    const node = tree.get(name);
    if (node !== true)
      setOwnValue(result, name, node === undefined ? document[name] : excludeIn(document[name], node));
  }
  return result;
}

function excludeIn(value: Value, tree: PathTree): Value {
  if (Array.isArray(value)) return value.map((element) => excludeIn(element, tree));
  return isDocument(value) ? exclude(value, tree) : value;
}
