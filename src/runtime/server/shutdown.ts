/**
 * The orderly end of a server, and what it had to cut off. Main thread, called once by `Server.close`.
 *
 * SHUTDOWN_TIMEOUT_MS is divided: pending requests get most of it, streams less, and the rest is for stopping
 * the application.
 */

import { once } from 'node:events';
import type { Server as NetServer } from 'node:net';
import type { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import { acceptAll } from './accept-all.ts';
import type { Connections } from './connections/connections.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { Supervisor } from './workers/supervisor.ts';

/** How long clients are still accepted, if they go on connecting. All answers are held back for as long. */
const MOST_ACCEPTING_MS = 100;
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
  /** Set at once, for the readiness of the application. */
  readonly stopping: AtomicFlag;
  /** SHUTDOWN_DELAY_MS, or less: the server serves as ever until then. */
  readonly delayed: Promise<void>;
  readonly connections: Connections;
  readonly dispatcher: Pick<Dispatcher, 'hold'>;
  readonly supervisor: Supervisor;
  readonly shutdownTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

/** Until no connection is left. */
const SWEEP_MS = 10;

/** In the same round of the event loop as the reading of what has come, and after it. */
function sweepAfterReading(connections: Connections): void {
  connections.sweep(performance.now());
}

async function closeListener({ net, connections, dispatcher }: ShutdownOptions): Promise<void> {
  if (!net.listening) return;
  using _answers = dispatcher.hold();
  await acceptAll(connections, MOST_ACCEPTING_MS);
  net.close();
}

export async function shutDown(options: ShutdownOptions): Promise<ShutdownReport> {
  const { net, running, stopping, connections, supervisor, shutdownTimeoutMs, drainTimeoutMs } = options;
  stopping.set();
  await options.delayed;
  const begin = performance.now();
  const deadline = begin + shutdownTimeoutMs;
  // From now on answers say that the connection closes.
  running.clear();
  supervisor.announceEnding();
  connections.stop(performance.now());
  const sweeps = setInterval(() => setImmediate(sweepAfterReading, connections), SWEEP_MS);
  const closed = net.listening ? once(net, 'close') : null;
  await closeListener(options);
  const streams = setTimeout(
    () => supervisor.endStreams(),
    Math.min(drainTimeoutMs, shutdownTimeoutMs * SHARE_FOR_STREAMS),
  );
  await connections.whenNone(Math.max(0, begin + shutdownTimeoutMs * SHARE_FOR_REQUESTS - performance.now()));
  clearTimeout(streams);
  clearInterval(sweeps);
  const unfinished = connections.countUnfinished();
  if (unfinished.connections > 0) connections.destroyAll();
  const workers = await supervisor.stop(Math.max(0, deadline - performance.now()));
  connections.destroyAll();
  await closed;
  return { ...unfinished, workers, orderly: unfinished.connections === 0 && workers === 0 };
}
