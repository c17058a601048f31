/**
 * What a request will do, drawn up before anything is done. It is stored with the key. So whoever repeats the
 * request, after whatever has happened, knows what to look for and what to answer.
 */
import type { ObjectId } from 'mongodb';
import type { Answer } from './answer.ts';

export interface Plan {
  /** The id that was drawn for what is made, or that of the VM that is changed. */
  readonly targetId: ObjectId;
  /** The id that was drawn for the operation. Once an operation of this id is stored, the plan is done. */
  readonly operationId: ObjectId;
  /** The version of the VM that is changed. A plan to make something has none. */
  readonly version?: number;
  /** When the change will have been made, as the answer says. */
  readonly at: Date;
  /** True once the plan is done. */
  readonly answer: Answer;
}

/** A plan with new ids, which nobody else carries out unless it is stored. */
export interface Draft {
  readonly plan: Plan;
  /**
   * @returns whether the plan is done. If not, it never will be, because something came in between
   * @throws if the request is to be refused, or if the outcome is unknown
   */
  carryOut(): Promise<boolean>;
}

/**
 * The work of one request. It may go on in several workers and processes at the same time, each of which
 * believes that the others have died.
 */
export interface Work {
  /** Changes nothing. @throws if the request is to be refused */
  draw(): Promise<Draft>;
  /**
   * Finishes what somebody has begun who may have died at any point, or who may only be slow.
   * @returns whether the plan is done. If not, it never will be: what the other one may still write fails
   */
  resume(plan: Plan): Promise<boolean>;
}
