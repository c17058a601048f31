/**
 * The orderly end of a server, and what it had to cut off. Main thread, called once by `Server.close`.
 *
 * SHUTDOWN_TIMEOUT_MS is divided: pending requests get most of it, streams less, and the rest is for stopping
 * the application.
 */

import { once } from 'node:events';
import type { Server as NetServer } from 'node:net';
import type { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import type { Connections } from './connections/connections.ts';
import type { Supervisor } from './workers/supervisor.ts';

/** Share of SHUTDOWN_TIMEOUT_MS after which streams are cut off if DRAIN_TIMEOUT_MS is longer. */
const SHARE_FOR_STREAMS = 0.5;
/** Share of SHUTDOWN_TIMEOUT_MS after which everything is cut off. */
const SHARE_FOR_REQUESTS = 0.8;

/** The work that was cut off when the server stopped. */
export interface ShutdownReport {
  /** Whether only streams had to be cut off, since they may have no end of their own. */
  readonly orderly: boolean;
  /** Requests that got no response, including those that had not arrived completely. */
  readonly requests: number;
  /** Responses that had begun and were not sent completely. */
  readonly streams: number;
  /** Connections that were broken off although they had something to receive or send. */
  readonly connections: number;
  /** Workers that were terminated, because they did not end by themselves. */
  readonly workers: number;
}

export interface ShutdownOptions {
  readonly net: NetServer;
  readonly running: AtomicFlag;
  readonly connections: Connections;
  readonly supervisor: Supervisor;
  readonly shutdownTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

export async function shutDown(options: ShutdownOptions): Promise<ShutdownReport> {
  const { net, running, connections, supervisor, shutdownTimeoutMs, drainTimeoutMs } = options;
  const deadline = performance.now() + shutdownTimeoutMs;
  const closed = net.listening ? once(net, 'close') : null;
  if (closed !== null) net.close();
  running.clear();
  connections.stop();
  const streams = setTimeout(
    () => supervisor.endStreams(),
    Math.min(drainTimeoutMs, shutdownTimeoutMs * SHARE_FOR_STREAMS),
  );
  await connections.whenNone(shutdownTimeoutMs * SHARE_FOR_REQUESTS);
  clearTimeout(streams);
  const unfinished = connections.countUnfinished();
  if (unfinished.connections > 0) connections.destroyAll();
  const workers = await supervisor.stop(Math.max(0, deadline - performance.now()));
  connections.destroyAll();
  await closed;
  return { ...unfinished, workers, orderly: unfinished.connections === 0 && workers === 0 };
}
