/**
 * Counts the system calls of a process and all its threads: with strace all of them, and elsewhere on Linux
 * reads and writes, which the kernel counts by itself.
 */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ManagedProcess } from '../../../processes/managed-process.ts';
import { ScratchDirectory } from '../../../processes/scratch-directory.ts';

/** Of the kernel's counts of a process (proc(5)). */
const TRANSFERS = /^sysc[rw]: (\d+)$/gm;
/** A line of strace's summary: per cent, seconds, microseconds a call, calls, perhaps errors, name. */
const SUMMARY_LINE = /^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$/gm;
const ATTACHED = /Process \d+ attached/;

/** Why reads and writes cannot be counted here, or undefined if they can. */
export function whyNoTransfers(): string | undefined {
  return existsSync('/proc/self/io') ? undefined : 'this system does not count the reads of a process';
}

/** @returns reads and writes since its start, of sockets and of what threads wake each other with */
export function transfersOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/io`, 'utf8');
  return [...text.matchAll(TRANSFERS)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** @returns all calls while the work was done, or undefined if strace is missing or must not attach */
export async function traceSystemCalls(pid: number, work: () => Promise<void>): Promise<number | undefined> {
  using directory = new ScratchDirectory();
  const output = join(directory.path, 'strace.out');
  let strace: ManagedProcess;
  try {
    strace = await ManagedProcess.start('strace', ['-f', '-c', '-o', output, '-p', String(pid)]);
  } catch {
    return undefined;
  }
  await using tracer = strace;
  if (!(await hasAttached(tracer))) return undefined;
  await work();
  const ended = once(tracer.child, 'close');
  tracer.child.kill('SIGINT');
  await ended;
  const calls = [...readFileSync(output, 'utf8').matchAll(SUMMARY_LINE)].filter(
    ([, , name]) => name !== 'total',
  );
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

async function hasAttached({ child }: ManagedProcess): Promise<boolean> {
  if (child.stderr === null) return false;
  for await (const line of createInterface(child.stderr)) if (ATTACHED.test(line)) return true;
  return false;
}
