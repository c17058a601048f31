/** Checks the names of databases and collections. Called by every command that names a collection. */
import { CommandError } from '../command-error.ts';

const MAX_NAMESPACE_BYTES = 255;
const DATABASE_NAME = /^[^/\\. "$*<>:|?\0]{1,63}$/;
const MAX_SHOWN_LENGTH = 300;

/** @throws CommandError InvalidNamespace */
export function assertNamespace(database: string, collection: string): void {
  const namespace = `${database}.${collection}`;
  const valid =
    DATABASE_NAME.test(database) &&
    isCollectionName(collection) &&
    Buffer.byteLength(namespace) <= MAX_NAMESPACE_BYTES;
  if (valid) return;
  const message = `Invalid namespace specified: ${namespace}`.slice(0, MAX_SHOWN_LENGTH);
  throw new CommandError('InvalidNamespace', message);
}

function isCollectionName(name: string): boolean {
  return (
    name !== '' &&
    !name.includes('$') &&
    !name.includes('\0') &&
    !name.startsWith('.') &&
    !name.endsWith('.') &&
    !name.startsWith('system.')
  );
}
