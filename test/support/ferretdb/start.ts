/**
 * Starts one FerretDB process on a directory of its own, for one test file. The process ends with its scope,
 * and with the test process whatever happens to that, because its stdin closes then.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface FerretDb extends AsyncDisposable {
  readonly uri: string;
}

export async function startFerretDb(program: string): Promise<FerretDb> {
  const directory = await mkdtemp(join(tmpdir(), 'ferretdb-'));
  const child = spawn(program, [directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.stdin.end();
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  const [uri]: unknown[] = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  if (typeof uri !== 'string') {
    await stop();
    throw new Error(`FerretDB ended before it listened, with exit code ${String(uri)}`);
  }
  return { uri, [Symbol.asyncDispose]: stop };
}
