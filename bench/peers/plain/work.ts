/**
 * The work behind the routes of the plain application, which every server in JavaScript shares: this one
 * (this-server.ts), node:http, Fastify and Bun. All send the same bytes.
 *
 *     GET /health         {"status":"ok"}
 *     GET /constant       the same, where a server has something better for answers that never change
 *     GET /params/:a/:b   {"a":…,"b":…}
 *     GET /field          {"field":…}, the last of thirty header fields
 *     POST /echo          what came
 *     GET /big            100 KB
 *     GET /me             {"sub":…} of the token
 *     GET /cpu?ms=        {"ms":…}, after so many milliseconds of work
 */
import { createVerifier } from 'fast-jwt';

export const JSON_TYPE = 'application/json';
export const BYTES_TYPE = 'application/octet-stream';
export const HEALTH = { status: 'ok' } as const;
export const HEALTH_TEXT = JSON.stringify(HEALTH);
export const BIG = Buffer.alloc(100 * 1024, 'x');
/** The name of the header field that GET /field reads. */
export const FIELD = 'x-field-29';
/** Larger than what the benchmarks send. */
export const MOST_BODY_BYTES = 4 * 1024 * 1024;

/** This server remembers as many in each worker. */
const REMEMBERED_TOKENS = 1000;
const MOST_MS = 60_000;

/** @returns a function that returns the subject of a valid `Authorization: Bearer` field, and throws else */
export function subjectReader(): (authorization: string | undefined) => string {
  const key = process.env['JWT_SECRET'];
  if (key === undefined) throw new Error('JWT_SECRET is not set');
  const verify = createVerifier({ key, algorithms: ['HS256'], cache: REMEMBERED_TOKENS });
  return (authorization = '') => verify(authorization.replace(/^Bearer /, '')).sub;
}

/** @param query without its question mark */
export function millisecondsOf(query: string | undefined): number {
  return Math.min(MOST_MS, Number(new URLSearchParams(query).get('ms')));
}

export function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
