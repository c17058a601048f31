/**
 * Tells a client why a part of its request does not match its schema: 422 with a list of what is wrong, and
 * where. The list stays short, whatever the client has sent.
 */
import { HttpProblem, type ProblemError } from '../problem.ts';
import type { SchemaIssue } from './schema.ts';

/** Enough to correct a form. A nonsensical request gets no longer answer. */
const MAX_ERRORS = 20;
/** Names of unknown fields may be of any length, and some libraries repeat them in the message. */
const MAX_CHARACTERS = 200;

/** @param part names the part for the client, because a path begins at its root */
export function schemaProblem(issues: readonly SchemaIssue[], part: string): HttpProblem {
  const errors = issues.slice(0, MAX_ERRORS).map(toError);
  return new HttpProblem(422, `The ${part} of the request does not match its schema. See errors.`, {
    errors,
  });
}

function toError({ path = [], message }: SchemaIssue): ProblemError {
  return { path: shorten(path.map(toPointer).join('')), message: shorten(message) };
}

/** RFC 6901. */
function toPointer(step: PropertyKey | { readonly key: PropertyKey }): string {
  const key = String(typeof step === 'object' ? step.key : step);
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function shorten(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}
