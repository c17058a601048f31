/**
 * The parameters of the route that matched. The core leaves them percent-encoded. Here they are decoded
 * exactly once, so "%2541" is "%41" and a "%2F" never makes a segment. Used by IncomingRequest.
 */
import { HttpProblem } from '../problem.ts';
import type { RequestHead } from './request-head.ts';

/** Values by name. The object has no prototype. */
export type RouteParameters<Name extends string = string> = Readonly<Record<Name, string>>;

export function readParameters(head: RequestHead, names: readonly string[]): RouteParameters {
  const parameters: Record<string, string> = Object.create(null);
  const { record } = head;
  const count = Math.min(names.length, record.parameterCount);
  for (let index = 0; index < count; index++) {
    const text = head.text(record.parameterStart(index), record.parameterLength(index));
    parameters[names[index] as string] = decode(text);
  }
  return parameters;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new HttpProblem(400, 'The path has a percent-encoding that is malformed or not UTF-8.', { cause });
  }
}
