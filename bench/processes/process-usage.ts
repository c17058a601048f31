/**
 * The CPU time of all threads of a server process, and its memory. On Linux they can be read from outside,
 * for each thread, and together with the processes that the server has started. Elsewhere the benchmark asks
 * the process over its IPC channel (usage-reporter.ts), which costs it one message.
 */
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ManagedProcess } from './managed-process.ts';

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /**
   * The proportional set size: pages that several processes share count only in part. So it can be added up
   * over a cluster. undefined if the system does not report it.
   */
  readonly proportionalBytes?: number;
}

export const HAS_PROC = existsSync('/proc/self/task');

/** USER_HZ. The kernel's interface fixes it at 100, whatever the rate of its own clock. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat (proc(5)), counted after the name in parentheses, which may hold spaces. */
const USER_TIME_FIELD = 14 - 3;
const SYSTEM_TIME_FIELD = 15 - 3;
const VM_RSS = /^VmRSS:\s+(\d+) kB$/m;
const PSS = /^Pss:\s+(\d+) kB$/m;

export async function readUsage(process: ManagedProcess): Promise<ProcessUsage> {
  if (!HAS_PROC) return askForUsage(process);
  const family = familyOf(process.pid);
  return {
    cpuSeconds: sum(family.map((pid) => cpuSeconds(`/proc/${pid}/stat`))),
    residentBytes: sum(family.map((pid) => kilobytes(`/proc/${pid}/status`, VM_RSS))),
    proportionalBytes: sum(family.map((pid) => kilobytes(`/proc/${pid}/smaps_rollup`, PSS))),
  };
}

/** The process and all processes that it or they have started. */
function familyOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * CPU seconds of the thread that runs a process's main JavaScript. undefined if the system does not report
 * it.
 */
export function mainThreadCpuSeconds(pid: number): number | undefined {
  return HAS_PROC ? cpuSeconds(`/proc/${pid}/task/${pid}/stat`) : undefined;
}

function cpuSeconds(statFile: string): number {
  const stat = readFileSync(statFile, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER_TIME_FIELD]) + Number(fields[SYSTEM_TIME_FIELD])) / TICKS_PER_SECOND;
}

function kilobytes(file: string, line: RegExp): number {
  const match = line.exec(readFileSync(file, 'utf8'));
  if (match === null) throw new Error(`${file} has no line like ${line}`);
  return Number(match[1]) * 1024;
}

async function askForUsage(process: ManagedProcess): Promise<ProcessUsage> {
  const answer = once(process.child, 'message');
  process.child.send('usage');
  const [usage] = await answer;
  return usage;
}
