/**
 * How many connections the process can have without running out of file descriptors. When they run out, Node closes
 * accepted connections without a word and threads fail to start, so the server bounds itself below that. Main
 * thread, once at the start.
 */

import { readFileSync } from 'node:fs';
import { MOST_REFUSED_AT_ONCE, REFUSED_SHARE } from './refused-sockets.ts';

/** For the process itself: standard streams, event loop, listening socket, databases, and some. */
const RESERVED = 64;
/** For each thread: its event loop and message port, its part of the driver's pool, files that handlers open. */
const RESERVED_PER_THREAD = 32;
/** Fewer would be no server; what is reserved then may not be enough. */
const LEAST_CONNECTIONS = 16;

/** @returns `wanted`, or as many as the limit of this process leaves for `threads` threads and those that are refused */
export function affordableConnections(
  wanted: number,
  threads: number,
  limit: number = descriptorLimit(),
): number {
  const free = limit - RESERVED - RESERVED_PER_THREAD * threads;
  const affordable = Math.max(free - MOST_REFUSED_AT_ONCE, Math.floor(free / (1 + REFUSED_SHARE)));
  return Math.min(wanted, Math.max(LEAST_CONNECTIONS, affordable));
}

/** The soft limit, which Node raises to the hard one when it starts; infinite where the system does not tell. */
function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
