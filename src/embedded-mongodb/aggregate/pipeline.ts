/**
 * Turns the stages of an aggregation into a query and a chain of generators. The query takes the leading
 * $match, $sort, $skip and $limit, so that indexes serve them. Called by the command aggregate.
 */

import type { BsonDocument, Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { CompiledFilter } from '../filter/compiled-filter.ts';
import type { Query } from '../query/query.ts';
import { type CountAnswer, countAnswer } from './count-only.ts';
import { countOperand, documentOperand, sortOperand } from './operands.ts';
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
  /** Takes the next stage into the query if it has this name. */
  const take = <Part>(name: string, parse: (operand: Value) => Part, absent: Part): Part => {
    const next = parsed[used];
    if (next?.name !== name) return absent;
    used += 1;
    return parse(next.operand);
  };
  // Only in this order: a $match after a $limit has another meaning.
  const filter = new CompiledFilter(take('$match', (operand) => documentOperand('$match', operand), {}));
  const sort = take('$sort', sortOperand, []);
  const skip = take('$skip', (operand) => countOperand('$skip', operand, 0), 0);
  const limit = take('$limit', (operand) => countOperand('$limit', operand, 1), 0);
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
