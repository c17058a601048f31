/** Makes the problem details of a cause, so that `type`, `title` and `status` come from the catalogue. */
import { HttpProblem, type ProblemError } from '../../runtime/application.ts';
import { PROBLEM_CAUSES, type ProblemName } from './problem-catalogue.ts';

export interface ProblemDetails {
  readonly errors?: readonly ProblemError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param detail a sentence for the client about this occurrence */
export function problem(name: ProblemName, detail: string, details: ProblemDetails = {}): HttpProblem {
  const { status, title } = PROBLEM_CAUSES[name];
  return new HttpProblem(status, detail, { type: `/problems/${name}`, title, ...details });
}
