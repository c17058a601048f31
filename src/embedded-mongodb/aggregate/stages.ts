/**
 * The stages of a pipeline by name, and those that are refused. $group has a file of its own. Called by
 * pipeline.ts.
 */
import { encode } from '../bson/codec.ts';
import type { BsonDocument, Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { compileFilter } from '../filter/filter.ts';
import type { SortField } from '../query/sort.ts';
import { Sorter } from '../query/sorter.ts';
import { integer } from './count-only.ts';
import { compileGroup } from './group.ts';
import { countOperand, documentOperand, sortOperand } from './operands.ts';
import type { Stage, Stream } from './stage.ts';

/** The stages of MongoDB that this database does not have. */
const REFUSED = new Set([
  '$project',
  '$addFields',
  '$set',
  '$unset',
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
  ['$sort', (operand) => sortStage(sortOperand(operand))],
  ['$skip', (operand) => skipStage(countOperand('$skip', operand, 0))],
  ['$limit', (operand) => limitStage(countOperand('$limit', operand, 1))],
  ['$count', (operand) => countStage(operand)],
  ['$group', (operand) => compileGroup(documentOperand('$group', operand))],
]);

export function isStage(name: string): boolean {
  return STAGES.has(name);
}

export function compileStage(name: string, operand: Value): Stage {
  const compile = STAGES.get(name);
  if (compile === undefined) throw unrecognized(name);
  return compile(operand);
}

export function unrecognized(name: string): CommandError {
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

function sortStage(fields: readonly SortField[]): Stage {
  return function* (input): Stream {
    const sorter = new Sorter<BsonDocument>(fields);
    for (const document of input) {
      if (document !== undefined) sorter.add(document, document, encode(document).length);
      if (sorter.isFull) yield* sorter.compact();
      yield undefined;
    }
    yield* sorter.inSteps();
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
      'the count field must be a non-empty string that has no "." and does not begin with "$"',
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
