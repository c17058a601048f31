/**
 * The readers of single settings: each takes the text of an environment variable and returns its value, or
 * what is wrong with it as the end of a sentence that begins with the variable's name. Values are repeated in
 * messages only where they cannot be secrets. Called by src/config.ts on the main thread.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MINIMUM_SECRET_BYTES } from '../cloudvm/accounts/tokens/secret.ts';
import { connectionStringProblem } from '../cloudvm/database/connection-string.ts';
import { DATABASE_NAME_RULE, isDatabaseName } from '../cloudvm/database/database-name.ts';

export interface ConfigurationProblem {
  readonly problem: string;
}

export type Parse<T> = (text: string) => T | ConfigurationProblem;

export interface Variable<T> {
  /** Of the environment variable. */
  readonly name: string;
  /** Where it is not set. */
  readonly fallback: T;
  readonly parse: Parse<T>;
}

const LONGEST_HOST_NAME = 253;
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`, 'i');
/** What fits into an Authorization header unquoted. */
const VISIBLE = /^[\x21-\x7e]+$/;

export function isProblem(value: unknown): value is ConfigurationProblem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

export function boundedInteger(least: number, most: number): Parse<number> {
  return (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    return wrong(`must be a whole number from ${least} to ${most}`, text);
  };
}

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Parse<Choice> {
  return (text) => choices.find((choice) => choice === text) ?? wrong(`must be ${listed(choices)}`, text);
}

/** Spaces around the items are dropped. */
export function commaSeparated<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (text) => {
    const values: T[] = [];
    for (const item of text.split(',')) {
      const value = parse(item.trim());
      if (isProblem(value)) return value;
      values.push(value);
    }
    return values;
  };
}

export function host(text: string): string | ConfigurationProblem {
  if (isIP(text) !== 0 || (text.length <= LONGEST_HOST_NAME && HOST_NAME.test(text))) return text;
  return wrong('must be an IP address or a host name', text);
}

/** A path, from the working directory where it is relative, or a file URL. */
export function fileUrl(text: string): string | ConfigurationProblem {
  if (!text.startsWith('file:')) return pathToFileURL(resolve(text)).href;
  return URL.canParse(text) ? new URL(text).href : wrong('must be a path or a file URL', text);
}

export function directory(text: string): string {
  return resolve(text);
}

/** As the driver reads it, so that what passes here is not refused later. */
export function mongodbUri(text: string): string | ConfigurationProblem {
  if (!/^mongodb(\+srv)?:\/\/[^/?]/.test(text)) {
    return { problem: 'must begin with mongodb:// or mongodb+srv:// and name a host' };
  }
  const problem = connectionStringProblem(text);
  return problem === undefined ? text : { problem: `must be a MongoDB connection string: ${problem}` };
}

export function databaseName(text: string): string | ConfigurationProblem {
  return isDatabaseName(text) ? text : wrong(`must be a database name: ${DATABASE_NAME_RULE}`, text);
}

export function signingSecret(text: string): string | ConfigurationProblem {
  if (Buffer.byteLength(text) >= MINIMUM_SECRET_BYTES) return text;
  return {
    problem: `must have ${MINIMUM_SECRET_BYTES} bytes at least, in each of its comma-separated secrets`,
  };
}

export function visibleToken(text: string): string | ConfigurationProblem {
  return VISIBLE.test(text) ? text : { problem: 'must be visible ASCII characters without spaces' };
}

/** As browsers send it: scheme, host and port, nothing after; or `*`. */
export function origin(text: string): string | ConfigurationProblem {
  if (text === '*') return text;
  if (/^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text) return text;
  return wrong('must list origins such as https://example.com, without a path', text);
}

/** An IP address, or a network in CIDR notation. */
export function proxyNetwork(text: string): string | ConfigurationProblem {
  const [address = '', prefix, ...more] = text.split('/');
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (longest >= 0 && length <= longest && more.length === 0) return text;
  return wrong('must list IP addresses or networks such as 10.0.0.0/8', text);
}

function wrong(rule: string, text: string): ConfigurationProblem {
  return { problem: `${rule}, not "${text}"` };
}

function listed(choices: readonly string[]): string {
  return choices.join(', ').replace(/, ([^,]*)$/, ' or $1');
}
