/**
 * The CPU time of a process and of all processes that it has started, to the nanosecond. The usual counts
 * (process-usage.ts) come in steps of 10 ms, which is one per cent or more of what a server uses in a second.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Linux counts it for each thread unless it was built without CONFIG_SCHED_INFO. */
export const HAS_CPU_TIME = existsSync('/proc/self/schedstat');

/**
 * Of all threads that run now. The time of a thread that has ended is missing, so it is for servers whose
 * threads live as long as they do.
 */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  const children: number[] = [];
  for (const thread of threadsOf(pid)) {
    const folder = `/proc/${pid}/task/${thread}`;
    nanoseconds += Number(readIfThere(`${folder}/schedstat`).split(' ')[0]);
    children.push(...readIfThere(`${folder}/children`).split(' ').filter(Boolean).map(Number));
  }
  return children.reduce((sum, child) => sum + cpuSeconds(child), nanoseconds / 1e9);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** A thread may end between the two looks. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
