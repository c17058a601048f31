/**
 * The CPU time of all threads of a server process, and its memory. On Linux they can be read from outside,
 * and for each thread. Elsewhere the benchmark asks the process over its IPC channel (usage-reporter.ts),
 * which costs it one message.
 */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { ManagedProcess } from './managed-process.ts';

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export const HAS_PROC = existsSync('/proc/self/task');

/** USER_HZ. The kernel's interface fixes it at 100, whatever the rate of its own clock. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat (proc(5)), counted after the name in parentheses, which may hold spaces. */
const USER_TIME_FIELD = 14 - 3;
const SYSTEM_TIME_FIELD = 15 - 3;

export async function readUsage(process: ManagedProcess): Promise<ProcessUsage> {
  if (!HAS_PROC) return askForUsage(process);
  return {
    cpuSeconds: cpuSeconds(`/proc/${process.pid}/stat`),
    residentBytes: residentBytes(process.pid),
  };
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

function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`/proc/${pid}/status names no VmRSS`);
  return Number(match[1]) * 1024;
}

async function askForUsage(process: ManagedProcess): Promise<ProcessUsage> {
  const answer = once(process.child, 'message');
  process.child.send('usage');
  const [usage] = await answer;
  return usage;
}
