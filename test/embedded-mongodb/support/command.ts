/** Runs `npm run database` as tests need it: the same program, with a data directory of the test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '../../../src/embedded-mongodb/main.ts');

export interface RunningCommand extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly uri: string;
  /** Ends the command as a power failure would. */
  kill(): Promise<void>;
}

/** Resolves once the database accepts connections. */
export async function startCommand(dataDirectory: string): Promise<RunningCommand> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, DATA_DIR: dataDirectory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [uri] = (await once(createInterface(child.stdout), 'line')) as [string];
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { child, uri, kill, [Symbol.asyncDispose]: kill };
}

/** Runs a command that is expected to refuse its start. */
export async function runRefusedCommand(dataDirectory: string): Promise<{ code: number; errors: string }> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, DATA_DIR: dataDirectory },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (bytes) => {
    errors += bytes;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, errors };
}
