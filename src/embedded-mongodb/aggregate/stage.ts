/** A stage of a pipeline: a function from one stream of documents to another. */
import type { BsonDocument } from '../bson/value.ts';

/** Undefined means that work was done without a result, so that the reader can give way to other commands. */
export type Stream = Generator<BsonDocument | undefined>;
export type Stage = (input: Stream) => Stream;
