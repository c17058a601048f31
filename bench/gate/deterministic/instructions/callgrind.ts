/**
 * Counts instructions under Valgrind, which runs a program on a simulated processor. The count of a
 * deterministic program is the same on a busy machine and on an idle one.
 *
 * Callgrind counts as Cachegrind does with `--cache-sim=no`. Unlike Cachegrind it can write down its count
 * each time a function is called. So one process measures many operations, and starting Node.js, which takes
 * longer than all of them, is paid once. A count is the difference between two marks, so it has nothing of
 * the start-up in it.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManagedProcess } from '../../../processes/managed-process.ts';
import { ScratchDirectory } from '../../../processes/scratch-directory.ts';

/** The function of libuv behind os.getPriority, by which the probe marks. */
const MARK = 'uv_os_getpriority';

/**
 * V8 without background threads, clocks and random seeds. WebAssembly is optimised at once. Otherwise that
 * happens after some thousand requests, as it does in a server.
 */
const DETERMINISTIC = [
  '--predictable',
  '--single-threaded',
  '--hash-seed=1',
  '--random-seed=1',
  '--no-liftoff',
];

const TOTALS = /^totals: (\d+)$/m;

/** Why instructions cannot be counted here, or undefined if they can. */
export function whyNoValgrind(): string | undefined {
  const { error, status } = spawnSync('valgrind', ['--version'], { stdio: 'ignore' });
  return error === undefined && status === 0 ? undefined : 'valgrind is not installed';
}

/** @returns instructions between each mark and the next one */
export async function countBetweenMarks(script: string, parameters: readonly string[]): Promise<number[]> {
  using directory = new ScratchDirectory();
  const output = join(directory.path, 'callgrind.out');
  await using valgrind = await ManagedProcess.start('valgrind', [
    ...['--tool=callgrind', '--quiet', `--callgrind-out-file=${output}`, `--dump-before=${MARK}`],
    ...[process.execPath, ...DETERMINISTIC, script, ...parameters],
  ]);
  await valgrind.output();
  const counts: number[] = [];
  // The first file has everything before the first mark. The one without a number is what follows the last.
  for (let part = 2; ; part += 1) {
    const count = totalsOf(`${output}.${part}`);
    if (count === undefined) return counts;
    counts.push(count);
  }
}

function totalsOf(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const totals = TOTALS.exec(text)?.[1];
  if (totals === undefined) throw new Error(`valgrind has left no totals in ${file}`);
  return Number(totals);
}
