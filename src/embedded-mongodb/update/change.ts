/** One change of an update: what an operator does to the field at one path. */
import type { BsonDocument, Value } from '../bson/value.ts';

export interface PathChange {
  readonly path: string;
  readonly onlyOnInsert: boolean;
  /** Changes the document in place. @returns whether the document is different now */
  apply(document: BsonDocument): boolean;
}

/** Computes the new value of a field from its present one. Undefined leaves the field as it is. */
export type Compute = (present: boolean, value: Value) => Value;
/** Compiles an operator such as `{$inc: {path: operand}}`. */
export type ComputeCompiler = (operand: Value, path: string) => Compute;
