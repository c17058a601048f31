/**
 * The RateLimit and RateLimit-Policy fields (draft-ietf-httpapi-ratelimit-headers): lists of items with
 * parameters, such as `"minute";r=0;t=30` and `"minute";q=600;w=60`. Of several limits the tightest counts.
 */
import type { Answer } from '../exchange/answer.ts';

export interface RateLimit {
  /** The name of the policy. */
  readonly policy: string;
  /** Requests that are left. */
  readonly remaining: number;
  /** Milliseconds until there are more. Undefined if the server does not say. */
  readonly resetMs: number | undefined;
  /** Requests in each window, and the window in milliseconds, where the policy tells them. */
  readonly quota: number | undefined;
  readonly windowMs: number | undefined;
}

interface Item {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, number>;
}

const MAX_CHARACTERS = 1_000;
const ITEM = /^\s*(?:"((?:[^"\\]|\\["\\])*)"|([A-Za-z*][\w:/!#$%&'*+.^`|~-]*))/;
/** Parameters that are not whole numbers are of no use here, and are skipped. */
const PARAMETER = /^\s*;\s*([a-z*][a-z0-9_.*-]*)(?:=(?:(\d{1,15})|[^;,\s"]+|"(?:[^"\\]|\\["\\])*"))?/;
const COMMA = /^\s*(?:,|$)/;

/** @returns undefined if the answer names no limit, or a malformed one */
export function rateLimitOf(answer: Pick<Answer, 'header'>): RateLimit | undefined {
  const policies = parseList(answer.header('ratelimit-policy') ?? '') ?? [];
  const limits = (parseList(answer.header('ratelimit') ?? '') ?? []).flatMap((item) => {
    const remaining = item.parameters.get('r');
    if (remaining === undefined) return [];
    const policy = policies.find(({ name }) => name === item.name)?.parameters;
    return [
      {
        policy: item.name,
        remaining,
        resetMs: inMilliseconds(item.parameters.get('t')),
        quota: policy?.get('q'),
        windowMs: inMilliseconds(policy?.get('w')),
      },
    ];
  });
  return limits.reduce<RateLimit | undefined>(tighter, undefined);
}

function tighter(one: RateLimit | undefined, other: RateLimit): RateLimit {
  if (one === undefined || other.remaining < one.remaining) return other;
  if (other.remaining > one.remaining) return one;
  return (other.resetMs ?? 0) > (one.resetMs ?? 0) ? other : one;
}

function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/** @returns undefined if it is malformed (RFC 9651: such a field is ignored as a whole) */
function parseList(text: string): readonly Item[] | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const items: Item[] = [];
  let rest = text;
  while (rest.trim() !== '') {
    const item = ITEM.exec(rest);
    if (item === null) return undefined;
    rest = rest.slice(item[0].length);
    const parameters = new Map<string, number>();
    for (let found = PARAMETER.exec(rest); found !== null; found = PARAMETER.exec(rest)) {
      if (found[1] !== undefined && found[2] !== undefined) parameters.set(found[1], Number(found[2]));
      rest = rest.slice(found[0].length);
    }
    const comma = COMMA.exec(rest);
    if (comma === null) return undefined;
    rest = rest.slice(comma[0].length);
    items.push({ name: item[1] ?? item[2] ?? '', parameters });
  }
  return items;
}
