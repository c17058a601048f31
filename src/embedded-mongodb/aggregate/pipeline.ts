/**
 * Turns the stages of an aggregation into a query (the leading $match, $sort, $skip and $limit, which
 * indexes serve) and a chain of generators for the rest. `undefined` in a stream means "still working".
 */

import { type BsonDocument, Int32, isDocument, isNumber, Long, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { compileFilter } from '../query/filter.ts';
import type { Query } from '../query/query.ts';
import { parseSort, Sorter, type SortField } from '../query/sort.ts';
import { compileGroup } from './group.ts';
import { compileProject } from './project.ts';

export type Stream = Generator<BsonDocument | undefined>;
export type Stage = (input: Stream) => Stream;

export interface Pipeline {
  readonly query: Query;
  /** Where all that is asked for is the number of matches: what to answer with it. */
  readonly count: ((matches: number) => readonly BsonDocument[]) | undefined;
  run(source: Stream): Stream;
}

/** What MongoDB has and this database has not; each is refused in words. */
const REFUSED = new Set([
  '$lookup',
  '$graphLookup',
  '$unionWith',
  '$out',
  '$merge',
  '$function',
  '$changeStream',
  '$geoNear',
  '$search',
  '$searchMeta',
  '$vectorSearch',
  '$facet',
  '$bucket',
  '$bucketAuto',
  '$setWindowFields',
  '$densify',
  '$fill',
  '$documents',
  '$redact',
  '$sample',
  '$unwind',
  '$replaceRoot',
  '$replaceWith',
  '$collStats',
  '$indexStats',
  '$planCacheStats',
  '$currentOp',
  '$listSessions',
  '$listLocalSessions',
  '$sortByCount',
]);

const STAGES: ReadonlyMap<string, (operand: Value) => Stage> = new Map<string, (operand: Value) => Stage>([
  ['$match', (operand) => matchStage(documentOperand('$match', operand))],
  ['$sort', (operand) => sortStage(parseSort(documentOperand('$sort', operand)))],
  ['$skip', (operand) => skipStage(countOperand('$skip', operand, 0))],
  ['$limit', (operand) => limitStage(countOperand('$limit', operand, 1))],
  ['$project', (operand) => mapStage(compileProject('$project', documentOperand('$project', operand)))],
  ['$addFields', (operand) => mapStage(compileProject('$addFields', documentOperand('$addFields', operand)))],
  ['$set', (operand) => mapStage(compileProject('$addFields', documentOperand('$set', operand)))],
  ['$unset', (operand) => mapStage(compileProject('$project', unsetPaths(operand)))],
  ['$count', (operand) => countStage(operand)],
  ['$group', (operand) => compileGroup(documentOperand('$group', operand))],
]);

/** @throws CommandError for stages that are unknown, refused or malformed */
export function buildPipeline(stages: readonly BsonDocument[]): Pipeline {
  const parsed = stages.map(parseStage);
  let used = 0;
  const take = (name: string): Value => {
    if (parsed[used]?.name !== name) return undefined;
    used += 1;
    return parsed[used - 1]?.operand;
  };
  // In this order only: a $match behind a $limit means something else.
  const filter = documentOperand('$match', take('$match') ?? {});
  const sort = parseSort(documentOperand('$sort', take('$sort') ?? {}));
  const skip = parsed[used]?.name === '$skip' ? countOperand('$skip', take('$skip'), 0) : 0;
  const limit = parsed[used]?.name === '$limit' ? countOperand('$limit', take('$limit'), 1) : 0;
  compileFilter(filter);
  const rest = parsed.slice(used).map(({ name, operand }) => {
    const compile = STAGES.get(name);
    if (compile === undefined) throw unrecognized(name);
    return compile(operand);
  });
  const [only, ...others] = parsed.slice(used);
  const countsAll = skip === 0 && limit === 0 && others.length === 0 && only !== undefined;
  return {
    query: { filter, sort, skip, limit },
    count: countsAll ? countOf(only) : undefined,
    run: (source) => rest.reduce((stream, stage) => stage(stream), source),
  };
}

/** `$count`, or the `$group` that drivers send for countDocuments: one group, one sum of ones. */
function countOf({ name, operand }: ParsedStage): Pipeline['count'] {
  if (name === '$count' && typeof operand === 'string') {
    return (matches) => (matches > 0 ? [{ [operand]: integer(matches) }] : []);
  }
  if (name !== '$group' || !isDocument(operand)) return undefined;
  const [sum = '', ...others] = Object.keys(operand).filter((field) => field !== '_id');
  const { _id: id, [sum]: accumulator } = operand;
  if (others.length > 0 || !isNumber(id) || !isDocument(accumulator)) return undefined;
  if (Object.keys(accumulator).join() !== '$sum' || !isInt32One(accumulator['$sum'])) return undefined;
  return (matches) => (matches > 0 ? [{ _id: id, [sum]: integer(matches) }] : []);
}

function isInt32One(value: Value): boolean {
  return value instanceof Int32 && value.value === 1;
}

function integer(count: number): Int32 | Long {
  return count < 2 ** 31 ? new Int32(count) : Long.fromNumber(count);
}

interface ParsedStage {
  readonly name: string;
  readonly operand: Value;
}

function parseStage(stage: BsonDocument): ParsedStage {
  const [name, ...others] = Object.keys(stage);
  if (name === undefined || others.length > 0) {
    throw new CommandError(
      'UnrecognizedPipelineStage',
      'A pipeline stage specification object must contain exactly one field.',
    );
  }
  if (!STAGES.has(name)) throw unrecognized(name);
  return { name, operand: stage[name] };
}

function unrecognized(name: string): CommandError {
  if (REFUSED.has(name))
    return new CommandError(
      'CommandNotSupported',
      `The stage ${name} is not supported by the embedded database`,
    );
  return new CommandError(
    'UnrecognizedPipelineStage',
    `Unrecognized pipeline stage name: '${name.slice(0, 100)}'`,
  );
}

function matchStage(filter: BsonDocument): Stage {
  const matches = compileFilter(filter);
  return function* (input): Stream {
    for (const document of input) yield document !== undefined && matches(document) ? document : undefined;
  };
}

function mapStage(change: (document: BsonDocument) => BsonDocument): Stage {
  return function* (input): Stream {
    for (const document of input) yield document === undefined ? undefined : change(document);
  };
}

/** Only an estimate: stages after the first work on decoded documents. */
const ESTIMATED_DOCUMENT_BYTES = 1024;

function sortStage(fields: readonly SortField[]): Stage {
  return function* (input): Stream {
    const sorter = new Sorter<BsonDocument>(fields);
    for (const document of input) {
      if (document !== undefined) sorter.add(document, document, ESTIMATED_DOCUMENT_BYTES);
      yield undefined;
    }
    yield* sorter.sorted();
  };
}

function skipStage(count: number): Stage {
  return function* (input): Stream {
    let seen = 0;
    for (const document of input) {
      if (document !== undefined) seen += 1;
      yield seen > count ? document : undefined;
    }
  };
}

function limitStage(count: number): Stage {
  return function* (input): Stream {
    let seen = 0;
    for (const document of input) {
      yield document;
      if (document !== undefined) seen += 1;
      if (seen >= count) return;
    }
  };
}

function countStage(operand: Value): Stage {
  if (typeof operand !== 'string' || operand === '' || operand.startsWith('$') || operand.includes('.')) {
    throw new CommandError(
      'BadValue',
      'the count field must be a non-empty string without "." and not beginning with "$"',
    );
  }
  return function* (input): Stream {
    let count = 0;
    for (const document of input) {
      if (document !== undefined) count += 1;
      yield undefined;
    }
    if (count > 0) yield { [operand]: integer(count) };
  };
}

function unsetPaths(operand: Value): BsonDocument {
  const paths = Array.isArray(operand) ? operand : [operand];
  const specification: BsonDocument = {};
  for (const path of paths) {
    if (typeof path !== 'string' || path === '')
      throw new CommandError('BadValue', '$unset specification must be a string or an array of strings');
    specification[path] = false;
  }
  return specification;
}

function documentOperand(name: string, operand: Value): BsonDocument {
  if (isDocument(operand)) return operand;
  throw new CommandError('TypeMismatch', `the ${name} specification must be an object`);
}

function countOperand(name: string, operand: Value, least: number): number {
  const count = isNumber(operand) ? toNumber(operand) : Number.NaN;
  if (Number.isInteger(count) && count >= least) return count;
  throw new CommandError('BadValue', `invalid argument to ${name} stage: expected an integer from ${least}`);
}
