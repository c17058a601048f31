/**
 * Reads MongoDB connection strings: which hosts they name, and what is wrong with them. Some of the driver's
 * messages repeat text that the driver could not read. That text may contain the password, so those messages
 * are replaced. The settings, the resources and DatabaseService use this.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A process that uses the embedded database, or no database, does not load the driver for this. */
const driver = () => require('mongodb') as typeof import('mongodb');

const UNREADABLE =
  'its user, hosts or options cannot be read (special characters in a password must be percent-encoded)';

/** The hosts, without user and password. Sockets are paths. */
export function hostsOf(uri: string): string {
  const authority = uri.replace(/^[^:]+:\/\//, '').split(/[/?]/, 1)[0] ?? '';
  return decoded(authority.slice(authority.lastIndexOf('@') + 1));
}

/** @returns undefined if the driver can use it, whether or not there is a server */
export function connectionStringProblem(uri: string): string | undefined {
  const { MongoClient } = driver();
  try {
    // Nothing is connected before the first operation, so there is nothing to close.
    void new MongoClient(uri);
    return undefined;
  } catch (error) {
    return problemInWords(error, uri);
  }
}

/** Never repeats a part of the connection string that may be secret. Names of options are not. */
export function problemInWords(error: unknown, uri: string): string {
  const words = error instanceof Error ? error.message : '';
  const repeats = valuesOf(uri).some((value) => words.includes(value));
  if (words !== '' && !repeats) return words;
  return UNREADABLE;
}

/** Everything except the scheme and the names of options, both as written and decoded. */
function valuesOf(uri: string): readonly string[] {
  const [, rest = ''] = uri.split('://');
  const [address = '', ...queries] = rest.split('?');
  const options = queries.join('?').split('&');
  const values = [...address.split(/[:/@,]/), ...options.flatMap((option) => option.split('=').slice(1))];
  return values.flatMap((value) => [value, decoded(value)]).filter((value) => value !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
