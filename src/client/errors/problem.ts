/**
 * A refusal of the server as an error: its problem details (RFC 9457), checked field by field, because
 * anything between client and server may have written them.
 */
import type { OperationId, ProblemName } from '../../cloudvm/contract/client-contract.ts';
import type { Answer } from '../exchange/answer.ts';
import { retryAfterOf } from '../retries/retry-after.ts';
import { CloudVmError } from './client-error.ts';

/** Where the body or the query breaks its schema, and how. */
export interface InvalidField {
  /** A JSON pointer. */
  readonly path: string;
  readonly message: string;
}

const MAX_CHARACTERS = 2_000;
const MAX_ERRORS = 100;
const TYPE = /(?:^|\/)problems\/([a-z0-9-]{1,64})$/;

export class CloudVmProblem extends CloudVmError {
  readonly code = 'ERR_CLOUDVM_PROBLEM';
  override readonly name = 'CloudVmProblem';
  /** The cause: the last part of `type`. 'unknown' if the answer has no problem details. */
  readonly problem: ProblemName | 'unknown' | (string & {});
  readonly operationId: OperationId;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** Empty unless the server names invalid fields. */
  readonly errors: readonly InvalidField[];
  /** How long the server asks to wait. Undefined if it does not say. */
  readonly retryAfterMs: number | undefined;
  /** For a report to the operator of the server. */
  readonly requestId: string | undefined;

  constructor(operationId: OperationId, answer: Answer) {
    const details = detailsOf(answer.text);
    const title = textOf(details['title']) ?? `HTTP ${answer.status}`;
    const detail = textOf(details['detail']);
    const errors = errorsOf(details['errors']);
    super(messageOf(operationId, answer.status, title, detail, errors));
    this.problem = TYPE.exec(textOf(details['type']) ?? '')?.[1] ?? 'unknown';
    this.operationId = operationId;
    this.status = answer.status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.retryAfterMs = retryAfterOf(answer);
    this.requestId = answer.header('x-request-id');
  }

  /** Whether it is this problem. The type checker knows the names. */
  is(name: ProblemName): boolean {
    return this.problem === name;
  }
}

function detailsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_CHARACTERS) : undefined;
}

function errorsOf(value: unknown): readonly InvalidField[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_ERRORS).flatMap((entry: unknown) => {
    if (!isRecord(entry)) return [];
    const path = textOf(entry['path']);
    const message = textOf(entry['message']);
    return path === undefined || message === undefined ? [] : [{ path, message }];
  });
}

function messageOf(
  operationId: OperationId,
  status: number,
  title: string,
  detail: string | undefined,
  errors: readonly InvalidField[],
): string {
  const fields = errors.slice(0, 3).map(({ path, message }) => `${path} ${message}`);
  const reason = detail === undefined ? '' : `: ${detail}`;
  const places = fields.length === 0 ? '' : ` (${fields.join(', ')})`;
  return `${operationId} was refused with ${status} ${title}${reason}${places}`;
}
