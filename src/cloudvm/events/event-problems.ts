/** The problem details for errors about streams of events. problems.ts uses it. */
import type { HttpProblem } from '../../runtime/application.ts';
import { problem } from '../contract/problem.ts';
import { TooManyStreamsError } from './event-hub.ts';

const RETRY_AFTER_SECONDS = '5';

/** @returns undefined for an error that is not about streams */
export function eventProblem(error: unknown): HttpProblem | undefined {
  if (!(error instanceof TooManyStreamsError)) return undefined;
  const headers = { 'Retry-After': RETRY_AFTER_SECONDS };
  return error.areOfUser
    ? problem('too-many-streams', 'You have too many streams of events. End one of them.', { headers })
    : problem('service-unavailable', 'There are too many streams of events.', { headers });
}
