/**
 * How many connections the process can have without running out of file descriptors. When they run out, Node
 * closes accepted connections silently and threads fail to start. So the server stays below the limit. Main
 * thread, once at the start.
 */

import { readFileSync } from 'node:fs';

/** For the process itself: standard streams, event loop, listening socket, databases, and some spare. */
const RESERVED = 64;
/**
 * For each thread: its event loop and message port, its part of the driver's pool, files that handlers open.
 */
const RESERVED_PER_THREAD = 32;
/** A server with fewer serves nobody. */
const LEAST_CONNECTIONS = 16;
/** Clients that are refused need a descriptor for a moment too. They get this many at most, */
const MOST_REFUSED = 256;
/** and at most this share of the descriptors that are free. */
const REFUSED_SHARE = 0.2;

export interface DescriptorBudget {
  /** Connections that can be served simultaneously. */
  readonly connections: number;
  /** Connections that can be refused simultaneously, with time to read the answer. */
  readonly refused: number;
}

/**
 * Grants as many of the wanted connections as the limit of this process leaves beside its threads.
 * @throws Error if that is too few to serve
 */
export function descriptorBudget(
  wanted: number,
  threads: number,
  limit: number = descriptorLimit(),
): DescriptorBudget {
  const reserved = RESERVED + RESERVED_PER_THREAD * threads;
  const free = limit - reserved;
  const refused = Math.min(MOST_REFUSED, Math.floor(free * REFUSED_SHARE));
  if (free - refused < LEAST_CONNECTIONS) {
    throw new Error(
      `the limit of open files is ${limit}, and ${threads} threads need ${reserved} and connections the rest; ` +
        'raise it (ulimit -n), or lower WORKERS',
    );
  }
  return { connections: Math.min(wanted, free - refused), refused };
}

/**
 * The soft limit, which Node raises to the hard one when it starts. Infinite if the system does not report
 * it.
 */
function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
