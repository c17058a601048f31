/** Reads the JSON of an answer. */
import type { OperationId } from '../../cloudvm/contract/client-contract.ts';
import { CloudVmBadAnswer } from '../errors/client-error.ts';
import type { Answer } from '../exchange/answer.ts';

const JSON_TYPE = /^application\/json(?:\s*;|\s*$)/i;

/**
 * The shapes are the server's promise, and are not checked again here: a server that has a new field serves
 * old clients as well.
 * @returns undefined if there is no content. @throws CloudVmBadAnswer
 */
export function jsonOf(operationId: OperationId, answer: Answer): unknown {
  if (answer.status === 204 || answer.status === 304) return undefined;
  if (!JSON_TYPE.test(answer.header('content-type') ?? '')) {
    throw new CloudVmBadAnswer(`The answer to ${operationId} is not JSON`);
  }
  try {
    const value: unknown = JSON.parse(answer.text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // An error of JSON.parse would show a piece of the answer, which may hold a token.
  }
  throw new CloudVmBadAnswer(`The answer to ${operationId} is not a JSON object`);
}
