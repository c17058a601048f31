/**
 * `Server-Timing` (W3C): the stages of a request in its own response. A client asks for it by `Prefer:
 * server-timing` (RFC 7240), as no header of a request exists for that. It says how long the server worked on
 * something, which may tell a stranger more than he should know. So a server gives it only if the setting
 * SERVER_TIMING says so. Worker threads.
 */
import type { Stage } from '../../memory/workers/stages.ts';
import type { OutgoingResponse } from '../response/outgoing-response.ts';

const PREFERENCE = 'server-timing';
/** A tenth of a microsecond. A clock reading is hardly more exact. */
const DECIMALS = 4;

/** @param prefer the value of the field, which is a list */
export function asksForTiming(prefer: string | undefined): boolean {
  if (prefer === undefined) return false;
  return prefer.split(',').some((item) => item.split(/[;=]/, 1)[0]?.trim().toLowerCase() === PREFERENCE);
}

/** Adds the field to a response that is sealed. What follows, encoding and sending, cannot be in it. */
export function tellTiming(response: OutgoingResponse, milliseconds: ReadonlyMap<Stage, number>): void {
  const { headers } = response;
  // The application may have metrics of its own.
  headers.append('Server-Timing', serverTiming(milliseconds));
  headers.append('Preference-Applied', PREFERENCE);
}

export function serverTiming(milliseconds: ReadonlyMap<Stage, number>): string {
  let total = 0;
  for (const duration of milliseconds.values()) total += duration;
  return [...milliseconds, ['total', total] as const]
    .map(([stage, duration]) => `${stage};dur=${Number(duration.toFixed(DECIMALS))}`)
    .join(', ');
}
