/**
 * The client programs that the tests run against the server. If a program is not installed, its test is
 * skipped with a message. A program that does not end in time is stopped.
 */

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'vitest';

const LONGEST_RUN_MS = 45_000;

export interface ToolResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** The first of the names that is a program in the PATH. Skips the test when none is. */
export function needTool(context: TestContext, ...names: [string, ...string[]]): string {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  for (const name of names) {
    for (const directory of directories) {
      const path = join(directory, name);
      if (isExecutable(path)) return path;
    }
  }
  context.skip(`${names.join(', ')}: not installed here`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function runTool(
  path: string,
  parameters: readonly string[],
  input = '',
  longestRunMs = LONGEST_RUN_MS,
): Promise<ToolResult> {
  const child = spawn(path, parameters, {
    timeout: longestRunMs,
    killSignal: 'SIGKILL',
    windowsHide: true,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that does not read its input may close it first.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, code };
}
