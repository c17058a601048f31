/**
 * The interfaces between a turn and the worker that serves it. RequestWorker (request-worker.ts) implements
 * the side of the worker. Tests have a stand-in for it.
 */

import type { Core } from '../../core/core.ts';
import type { ParseRecord } from '../../core/parse-record.ts';
import type { Pipeline } from '../../http/pipeline.ts';
import type { Request } from '../../http/request/request.ts';
import type { WorkerContext } from '../context.ts';
import type { WaitingTurn } from '../handlers-in-flight.ts';
import type { HeavyRequests } from '../heavy-requests.ts';
import type { BodyArrival } from '../messages.ts';
import type { Peers } from './peers.ts';

export interface TurnHost {
  readonly context: WorkerContext;
  readonly core: Core;
  /** The answer of the core about the request that it parsed last. */
  readonly record: ParseRecord;
  readonly pipeline: Pick<
    Pipeline,
    'run' | 'runTimed' | 'refuse' | 'takesStream' | 'declarations' | 'maxBodyBytesOf'
  >;
  readonly heavyRequests: HeavyRequests;
  readonly peers: Peers;
  /** Whether the worker is about to end. */
  readonly isEnding: boolean;
  /** Whether the worker begins no more streams that may have no end of their own. */
  readonly endsStreams: boolean;
  /** Whether there is a place for another request whose body is streamed. */
  readonly admitsUpload: boolean;
  /** The turn waits for something, and other turns go on. */
  suspended(turn: SuspendedTurn): void;
  /** The handler of a suspended turn has returned a promise. */
  handlerStarted(): void;
  /** That promise has settled. @param wasLate its client was answered in the handler's place */
  handlerSettled(wasLate: boolean): void;
  /** The last record of its turn is published: main may give the connection to another worker. */
  ended(connection: number): void;
  reportError(error: unknown, request: Request): void;
}

/** A turn that waits for its handler, or for its client to take a response. */
export interface SuspendedTurn extends WaitingTurn {
  readonly connection: number;
  readonly generation: number;
  /** Whether the body of its request is still coming. */
  readonly isReceiving: boolean;
  /** A piece of the body has come, or no more comes. */
  bodyArrived(arrival: BodyArrival): void;
  /** The body has ended, and main has what follows it. */
  bodyClosed(): void;
  /** The client is gone: the handler is told, and nothing more is sent. */
  clientGone(): void;
  /** The client sends nothing more. It may be gone, or still read. */
  clientHalfClosed(): void;
  /** The worker is about to end. */
  announceEnding(): void;
  /** Cuts off a stream that may have no end of its own, and tells the application. Does nothing to others. */
  endStream(): void;
}
