/**
 * Turns the stages of an aggregation into a query and a chain of generators. The query takes the leading
 * $match, $sort, $skip and $limit, so that indexes serve them. Called by the command aggregate.
 */

import type { BsonDocument, Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { CompiledFilter } from '../filter/compiled-filter.ts';
import type { Query } from '../query/query.ts';
import { parseSort } from '../query/sort.ts';
import { type CountAnswer, countAnswer } from './count-only.ts';
import { countOperand, documentOperand } from './operands.ts';
import type { Stream } from './stage.ts';
import { compileStage, isStage, unrecognized } from './stages.ts';

export interface Pipeline {
  readonly query: Query;
  /** Defined if the pipeline only counts the matches of the query. */
  readonly count: CountAnswer | undefined;
  run(source: Stream): Stream;
}

/** @throws CommandError for a stage that is unknown, refused or malformed */
export function buildPipeline(stages: readonly BsonDocument[]): Pipeline {
  const parsed = stages.map(parseStage);
  let used = 0;
  const take = (name: string): Value => {
    if (parsed[used]?.name !== name) return undefined;
    used += 1;
    return parsed[used - 1]?.operand;
  };
  // Only in this order: a $match after a $limit has another meaning.
  const filter = new CompiledFilter(documentOperand('$match', take('$match') ?? {}));
  const sort = parseSort(documentOperand('$sort', take('$sort') ?? {}));
  const skip = parsed[used]?.name === '$skip' ? countOperand('$skip', take('$skip'), 0) : 0;
  const limit = parsed[used]?.name === '$limit' ? countOperand('$limit', take('$limit'), 1) : 0;
  const remaining = parsed.slice(used);
  const rest = remaining.map(({ name, operand }) => compileStage(name, operand));
  const [only, ...others] = remaining;
  const countsAll = skip === 0 && limit === 0 && others.length === 0 && only !== undefined;
  return {
    query: { filter, sort, skip, limit },
    count: countsAll ? countAnswer(only.name, only.operand) : undefined,
    run: (source) => rest.reduce((stream, stage) => stage(stream), source),
  };
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
  if (!isStage(name)) throw unrecognized(name);
  return { name, operand: stage[name] };
}
