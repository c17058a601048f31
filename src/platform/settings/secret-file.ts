/**
 * Reads a secret from the file that a variable such as JWT_SECRET_FILE names, as Docker and Kubernetes
 * provide secrets. No message repeats what is in the file.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { ParseProblem } from './parsers.ts';

/** Whoever names a large file by mistake should learn of it. */
const MAX_BYTES = 65_536;

/** @returns the content without the newline at its end */
export function readSecretFile(path: string): string | ParseProblem {
  let bytes: Buffer;
  try {
    bytes = readBeginning(path);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { problem: `names a file that cannot be read: ${path} (${reason})` };
  }
  if (bytes.length > MAX_BYTES) return { problem: `names a file that is too large for a secret: ${path}` };
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  return text === '' ? { problem: `names a file that is empty: ${path}` } : text;
}

/** One byte more than is allowed at most, also of a file whose size is not known (a pipe). */
function readBeginning(path: string): Buffer {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  const file = openSync(path, 'r');
  try {
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length === buffer.length) return buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
