/**
 * Standard output as a stream that never makes its writer wait. Main thread, used by standard-log.ts.
 *
 *  - A pipe or a socket: `process.stdout`. On POSIX systems Node.js writes to it without blocking.
 *  - A file takes every write at once. `process.stdout` would end at the first failed write.
 *  - A terminal: `process.stdout` waits for it. So it is opened once more, in non-blocking mode. That mode
 *    belongs to the new opening alone, and other programs on the terminal see nothing of it. It needs the
 *    /proc of Linux. Elsewhere a terminal that is halted halts the log, and with it the server.
 */
import { constants, fstatSync, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { DescriptorStream } from './descriptor-stream.ts';

const STANDARD_OUTPUT = 1;

export function isTerminal(): boolean {
  return isatty(STANDARD_OUTPUT);
}

/** @param onLost a line could not be written */
export function openStandardOutput(onLost: () => void): Writable {
  if (isTerminal()) {
    const descriptor = openTerminal();
    return descriptor === null ? process.stdout : new DescriptorStream(descriptor, onLost);
  }
  return isFile() ? new DescriptorStream(STANDARD_OUTPUT, onLost) : process.stdout;
}

function isFile(): boolean {
  try {
    return fstatSync(STANDARD_OUTPUT).isFile();
  } catch {
    // It is closed. Node.js opens /dev/null instead.
    return false;
  }
}

/** @returns null where there is no /proc, or the terminal belongs to another user */
function openTerminal(): number | null {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    return openSync(`/proc/self/fd/${STANDARD_OUTPUT}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return null;
  }
}
