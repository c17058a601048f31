/** Runs QEMU's commands. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

/** A list of thousands of snapshots. */
const MAX_OUTPUT_BYTES = 4_194_304;

const run = promisify(execFile);

/**
 * @returns what the command prints
 * @throws the reason of the signal, or Error with the command's own words, for the operator
 */
export async function runCommand(
  command: string,
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const running = run(command, parameters, {
    signal,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT_BYTES,
    // The secrets of the server are not for it. Failures are recognized by their English words.
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  try {
    return (await running).stdout;
  } catch (error) {
    const { child } = running;
    // Whoever comes next must not meet it.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      await once(child, 'exit');
    }
    signal.throwIfAborted();
    throw isMissing(error) ? new Error(`the command ${command} is not installed`) : error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
