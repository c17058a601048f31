/** What a request asks for, as a digest. Two requests are the same if nothing in it differs. */
import type { Request } from '../../runtime/application.ts';
import { digest } from './key-document.ts';

/** Preconditions belong to what is asked for, and tokens do not. */
const FIELDS = ['if-match', 'if-none-match'];

/** @param body as it has passed its schema, which bounds its depth */
export function fingerprintOf(request: Request, body: unknown): string {
  const fields = FIELDS.map((name) => request.header(name) ?? null);
  return digest([request.method, request.target, fields, canonical(body) ?? null]);
}

/** The order of the members of an object makes no difference in JSON. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, canonical(member)]));
}
