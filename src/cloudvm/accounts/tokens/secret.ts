/**
 * Finds the secrets that sign tokens: the JWT_SECRET setting or, outside production, a file in the data
 * directory that the first start makes. The main thread calls `prepareSecret` before it starts workers, so
 * that a refusal ends the start. Every worker calls it again and reads the same secrets.
 */
import { randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDataDirectory } from '../../../platform/data-directory.ts';

/** The settings that it needs. `CloudVmSettings` has them. */
export interface SecretSettings {
  /** JWT_SECRET, split at its commas. Empty where it is not set. */
  readonly jwtSecrets: readonly string[];
  readonly dataDirectory: string;
  readonly production: boolean;
}

export interface PreparedSecret {
  /** The first signs, all verify. */
  readonly secrets: readonly string[];
  /** The file that holds them. Undefined if JWT_SECRET is set. */
  readonly path: string | undefined;
  /** This call made the file. Its tokens are valid on this machine only, which the operator should know. */
  readonly created: boolean;
}

/** A secret for HS256 is at least as long as its output (RFC 7518, section 3.2). */
export const MINIMUM_SECRET_BYTES = 32;
const SECRET_BYTES = 48;
const FILE_NAME = 'jwt-secret';
const OTHERS = 0o077;

export class SecretError extends Error {
  readonly code = 'SECRET_UNUSABLE';
  override readonly name = 'SecretError';
}

/** @throws SecretError with a message that tells the operator what to do */
export async function prepareSecret(settings: SecretSettings): Promise<PreparedSecret> {
  if (settings.jwtSecrets.length > 0) {
    settings.jwtSecrets.forEach(assertLongEnough);
    return { secrets: settings.jwtSecrets, path: undefined, created: false };
  }
  if (settings.production) {
    throw new SecretError('JWT_SECRET must be set (32 bytes at least) when NODE_ENV is production');
  }
  const path = join(settings.dataDirectory, FILE_NAME);
  const found = await readSecret(path);
  if (found !== undefined) return { secrets: [found], path, created: false };
  const created = await createSecret(settings.dataDirectory, path);
  const secret = await readSecret(path);
  if (secret === undefined) throw new SecretError(`${path} was removed while the server started`);
  return { secrets: [secret], path, created };
}

function assertLongEnough(secret: string, index: number): void {
  const bytes = Buffer.byteLength(secret);
  if (bytes >= MINIMUM_SECRET_BYTES) return;
  throw new SecretError(
    `JWT_SECRET must have ${MINIMUM_SECRET_BYTES} bytes at least; secret ${index + 1} has ${bytes}`,
  );
}

async function readSecret(path: string): Promise<string | undefined> {
  let secret: string;
  try {
    secret = (await readFile(path, 'utf8')).trim();
    await closeToOthers(path);
  } catch (cause) {
    if (isNotFound(cause)) return undefined;
    throw new SecretError(`${path} cannot be read`, { cause });
  }
  if (Buffer.byteLength(secret) < MINIMUM_SECRET_BYTES) {
    throw new SecretError(
      `${path} holds no secret of ${MINIMUM_SECRET_BYTES} bytes; remove it to get a new one`,
    );
  }
  return secret;
}

/** A copied data directory may have lost its modes. Windows has none: its files report 0o666. */
async function closeToOthers(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0) await chmod(path, 0o600);
}

/**
 * Writes a draft and gives it the final name with `link`, which fails if the name exists. So one of several
 * processes that start together wins, and nobody ever reads a half-written file.
 * @returns whether this call won
 */
async function createSecret(directory: string, path: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    makeDataDirectory(directory);
    try {
      await writeDurably(draft, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`);
      return await linkUnlessExists(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
  } catch (cause) {
    throw new SecretError(`${path} cannot be written; set JWT_SECRET or DATA_DIR`, { cause });
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(text);
  await file.sync();
}

async function linkUnlessExists(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
