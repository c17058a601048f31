/**
 * Which keys a document has in an index. An array gives one key for each element (a multikey index). Fields
 * below one array are taken from the same element. Two different arrays in one key are refused, as in
 * MongoDB.
 */
import { isArrayIndex, type Path } from '../../bson/path.ts';
import { type BsonDocument, isDocument, setOwnValue, type Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import { EMPTY_ARRAY, encodeKey, type KeyPart } from '../keys/key.ts';
import type { IndexDefinition } from './index-definition.ts';

/** Writing more keys than this for one document would hold up every other command. */
const MAX_KEYS_PER_DOCUMENT = 1000;

export interface IndexKeys {
  /** Without duplicates. Empty if a sparse or partial index leaves the document out. */
  readonly keys: readonly Uint8Array[];
  /** The document has an array here, which makes the index multikey. */
  readonly multikey: boolean;
}

const NO_KEYS: IndexKeys = { keys: [], multikey: false };

export function indexKeys(definition: IndexDefinition, document: BsonDocument): IndexKeys {
  if (definition.partialPredicate?.(document) === false) return NO_KEYS;
  const walks = walkAll(definition, document);
  if (walks.every((reached) => !Array.isArray(reached.value) || reached.end)) {
    const parts = walks.map((reached) => reached.value);
    if (definition.sparse && parts.every((part) => part === ABSENT)) return NO_KEYS;
    return { keys: [encodeParts(parts, definition)], multikey: false };
  }
  const tuples = expand(walks);
  if (definition.sparse && tuples.every((parts) => parts.every((part) => part === ABSENT))) return NO_KEYS;
  const keys = new Map<string, Uint8Array>();
  for (const parts of tuples) {
    const encoded = encodeParts(parts, definition);
    keys.set(Buffer.from(encoded).toString('latin1'), encoded);
  }
  return { keys: [...keys.values()], multikey: true };
}

/** The values of the document's first key, for the `keyValue` of a duplicate-key error. */
export function keyValue(definition: IndexDefinition, document: BsonDocument): BsonDocument {
  const walks = walkAll(definition, document);
  const [parts = []] = expand(walks);
  const result: BsonDocument = {};
  definition.fields.forEach(({ path }, position) => {
    const part = parts[position];
    setOwnValue(result, path, part === ABSENT || part === EMPTY_ARRAY ? null : part);
  });
  return result;
}

/** The path leads to no field. A key holds null then, but a sparse index tells the two apart. */
const ABSENT = Symbol('absent');
type Part = KeyPart | typeof ABSENT;

/** How far one field's path has been followed. */
interface Walk {
  readonly value: Value | typeof ABSENT;
  readonly path: Path;
  readonly depth: number;
  /** The value goes into the key as it is, even if it is an array. */
  readonly end: boolean;
}

function walkAll(definition: IndexDefinition, document: BsonDocument): Walk[] {
  return definition.fields.map((field) => walk({ value: document, path: field.parts, depth: 0, end: false }));
}

/** Follows a path to its end, or to an array whose elements give the keys. */
function walk(from: Walk): Walk {
  let { value, depth } = from;
  const { path, end } = from;
  while (!end && depth < path.length && value !== ABSENT) {
    const name = path[depth] ?? '';
    if (Array.isArray(value)) {
      if (!isArrayIndex(name) || Number(name) >= value.length) break;
      value = value[Number(name)];
    } else if (isDocument(value) && Object.hasOwn(value, name)) {
      value = value[name];
    } else {
      value = ABSENT;
    }
    depth += 1;
  }
  return { value, path, depth, end };
}

/** The keys for each element of the array that the walks have reached, and for the arrays within. */
function expand(walks: readonly Walk[]): Part[][] {
  const arrays = new Set(
    walks
      .filter((reached) => !reached.end)
      .map((reached) => reached.value)
      .filter(Array.isArray),
  );
  const [array] = arrays;
  if (array === undefined) return [walks.map((reached) => reached.value)];
  if (arrays.size > 1) throw new CommandError('CannotIndexParallelArrays', 'cannot index parallel arrays');
  if (array.length === 0)
    return [walks.map((reached) => (reached.value === array ? EMPTY_ARRAY : reached.value))];
  const tuples: Part[][] = [];
  for (const element of array) {
    tuples.push(
      ...expand(walks.map((reached) => (reached.value === array ? open(reached, element) : reached))),
    );
    if (tuples.length <= MAX_KEYS_PER_DOCUMENT) continue;
    throw new CommandError(
      'CannotIndexParallelArrays',
      `a document has more than ${MAX_KEYS_PER_DOCUMENT} index keys`,
    );
  }
  return tuples;
}

function open(reached: Walk, element: Value): Walk {
  // The elements of an array directly inside an array give no keys of their own.
  if (reached.depth === reached.path.length) return { ...reached, value: element, end: true };
  if (Array.isArray(element)) return { ...reached, value: ABSENT, end: true };
  return walk({ ...reached, value: element });
}

function encodeParts(parts: readonly Part[], definition: IndexDefinition): Uint8Array {
  return encodeKey(
    parts.map((part): KeyPart => (part === ABSENT ? null : part)),
    definition.descending,
  );
}
