/**
 * Where the database's Unix socket lies: in a directory of its own in the data directory, so that its address is the
 * same after each restart and what a killed process leaves behind is found and removed by the next. Whoever holds the
 * lock of the data directory owns the socket in it. Where that path is longer than the system takes, it is a
 * fresh temporary directory. Used by start.ts and server.ts.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** sun_path is 108 bytes on Linux and 104 on macOS. */
export const MAX_SOCKET_PATH_BYTES = 100;
const DIRECTORY_NAME = 'run';
const SOCKET_NAME = 'mongodb.sock';
const OWNER_ONLY = 0o700;

export interface SocketDirectory extends Disposable {
  readonly path: string;
}

export function chooseSocketDirectory(dataDirectory: string): SocketDirectory {
  const path = join(dataDirectory, DIRECTORY_NAME);
  if (fits(socketIn(path))) return { path, [Symbol.dispose]() {} };
  // Closed to other users, as mkdtemp makes it.
  const temporary = mkdtempSync(join(tmpdir(), 'cloudvm-'));
  return { path: temporary, [Symbol.dispose]: () => rmSync(temporary, { recursive: true, force: true }) };
}

export function socketIn(directory: string): string {
  return join(directory, SOCKET_NAME);
}

export function fits(socketPath: string): boolean {
  return Buffer.byteLength(socketPath) <= MAX_SOCKET_PATH_BYTES;
}

/** Only for the holder of the data directory's lock: a socket that lies there is nobody's. */
export function clearSocketDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: OWNER_ONLY });
  chmodSync(directory, OWNER_ONLY);
  rmSync(socketIn(directory), { force: true });
}
