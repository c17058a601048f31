/**
 * The directory of the database's Unix socket. It lies in the data directory, so the socket's address
 * survives a restart, and whoever holds the lock of the data directory may replace a socket that a killed
 * process left behind. If that path is too long for the system, a new temporary directory is used. The
 * starter chooses the directory, and the server prepares it.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The system's limit (sun_path) is 108 bytes on Linux and 104 on macOS. */
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
  // mkdtemp closes the directory to other users.
  const temporary = mkdtempSync(join(tmpdir(), 'cloudvm-'));
  return { path: temporary, [Symbol.dispose]: () => rmSync(temporary, { recursive: true, force: true }) };
}

export function socketIn(directory: string): string {
  return join(directory, SOCKET_NAME);
}

export function fits(socketPath: string): boolean {
  return Buffer.byteLength(socketPath) <= MAX_SOCKET_PATH_BYTES;
}

/** Removes a socket that was left behind. The caller must hold the lock of the data directory. */
export function prepareSocketDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: OWNER_ONLY });
  chmodSync(directory, OWNER_ONLY);
  rmSync(socketIn(directory), { force: true });
}
