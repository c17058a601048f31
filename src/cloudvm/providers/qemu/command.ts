/** Runs QEMU's commands. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { pause } from './waiting.ts';

/** A list of thousands of snapshots. */
const MAX_OUTPUT_BYTES = 4_194_304;

/** What QEMU says when another QEMU has the disk or the pid file. */
export const IN_USE = /Failed to get .*lock|Cannot lock pid file/;
/** For the kernel to free the locks of a QEMU that was killed. It takes the process apart bit by bit. */
const IN_USE_TIMEOUT_MS = 5_000;

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
  const deadline = performance.now() + IN_USE_TIMEOUT_MS;
  for (;;) {
    try {
      return await runOnce(command, parameters, signal);
    } catch (error) {
      const isInUse = error instanceof Error && IN_USE.test(error.message);
      if (!isInUse || performance.now() > deadline) throw error;
      await pause(signal);
    }
  }
}

async function runOnce(command: string, parameters: readonly string[], signal: AbortSignal): Promise<string> {
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
