/**
 * The messages between the main thread and a worker (MessagePort). The doorbell travels often, so it is a
 * plain number. Everything else is rare and travels as an object.
 */

import type { LogMessage } from '../../platform/log.ts';
import type { LogLevel } from '../../platform/log-settings.ts';
import type { CoreKind, ParseLimits } from '../core/core.ts';
import type { Declarations } from '../http/declarations.ts';
import type { Layout } from '../memory/layout.ts';

/** Look at everything again: queue, credit, ring. Either direction. */
export const BELL = 0;

/** Why the rest of a streamed body does not come: FIN, silence, or no memory for what has come. */
export type BodyFailure = 'incomplete' | 'stalled' | 'no-memory';

/** A piece of a streamed body as it came on the wire, or the reason why no more comes. */
export interface BodyArrival {
  readonly bytes: Uint8Array | null;
  readonly failure: BodyFailure | null;
}

interface OfConnection {
  readonly connection: number;
  readonly generation: number;
}

/** What a worker says about a streamed body. */
export type UploadMessage =
  /** Send the next piece. The worker has seen so many bytes of the connection's buffer. */
  | (OfConnection & { readonly type: 'body-wanted'; readonly seen: number })
  /** The body has ended, and these bytes of its last piece follow it. */
  | (OfConnection & { readonly type: 'body-ended'; readonly surplus: Uint8Array });

/** The answers. */
export type UploadAnswer =
  | (OfConnection & BodyArrival & { readonly type: 'body' })
  /** What follows the body is in the connection's buffer. */
  | (OfConnection & { readonly type: 'body-closed' });

export type ToWorker =
  | typeof BELL
  | UploadAnswer
  /** The client of a connection that this worker runs is gone. */
  | { readonly type: 'abort'; readonly connection: number; readonly generation: number }
  /** The client of a connection that this worker runs sends nothing more. It may be gone, or still read. */
  | { readonly type: 'half-closed'; readonly connection: number; readonly generation: number }
  /** Serve this READY connection, which is not in the queue: it is for a heavy route. */
  | { readonly type: 'serve'; readonly connection: number }
  /** Answer through the event loop, to prove that it turns. */
  | { readonly type: 'ping' }
  /** Run the application's `prepare`. Only one worker of the process gets this message. */
  | { readonly type: 'prepare' }
  /** Start serving. */
  | { readonly type: 'serve-all' }
  /** Take no more requests, finish the pending ones, end. */
  | { readonly type: 'drain' }
  /** The metrics that it has asked for. null: they could not be collected. */
  | { readonly type: 'metrics'; readonly text: string | null }
  /** The server stops: tell those whose answers have no end. */
  | { readonly type: 'announce-ending' }
  /** Cut off streams, which may have no end of their own. */
  | { readonly type: 'end-streams' };

export type ToMain =
  | typeof BELL
  | LogMessage
  | UploadMessage
  /** The application is loaded and started. */
  | { readonly type: 'started'; readonly declarations: Declarations }
  | { readonly type: 'prepared' }
  /** A client asks for metrics. */
  | { readonly type: 'collect-metrics' }
  /** With the memory of its heap, and the memory outside it that its objects hold. */
  | { readonly type: 'pong'; readonly heapBytes: number; readonly externalBytes: number }
  /** Loading, starting or preparing failed: the worker ends. */
  | { readonly type: 'failed'; readonly message: string; readonly stack: string }
  /**
   * Something was thrown outside any request, or so many handlers never settle that the worker is of little
   * use (`isExhausted`). It serves on until main has a replacement for it and tells it to drain.
   */
  | {
      readonly type: 'failing';
      readonly message: string;
      readonly stack: string;
      readonly isExhausted: boolean;
    };

/** The data that a worker thread is started with (`workerData`). */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  readonly slot: number;
  /** Of the runtime that the main thread runs (code-digest.ts). */
  readonly runtimeDigest: string;
  readonly core: CoreKind;
  readonly limits: ParseLimits;
  /** File URL of the application module. */
  readonly application: string;
  readonly maxInFlight: number;
  /** In CIDR notation. */
  readonly trustedProxies: readonly string[];
  readonly outboundMemoryMb: number;
  readonly handlerTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly nice: number;
  readonly logLevel: LogLevel;
  /** Whether clients may ask for Server-Timing. */
  readonly serverTiming: boolean;
}
