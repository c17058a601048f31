/** Waits for what a process prints when it is ready, such as the address of a server. */
import { createInterface } from 'node:readline';
import type { ManagedProcess } from './managed-process.ts';

const START_TIMEOUT_MS = 90_000;

/**
 * Keeps reading after the line has come, so the process never waits for a full pipe.
 * @param pattern its first group is what is returned
 */
export async function printedLine(name: string, process: ManagedProcess, pattern: RegExp): Promise<string> {
  const { stdout } = process.child;
  if (stdout === null) throw new Error(`${name} was started without a pipe`);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const refuse = (why: string) => reject(new Error(`${name} ${why}\n${process.errorOutput}`));
  const timer = setTimeout(refuse, START_TIMEOUT_MS, `is not ready after ${START_TIMEOUT_MS} ms`);
  process.child.once('close', () => refuse('ended before it was ready'));
  createInterface(stdout).on('line', (line) => {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) resolve(found);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
