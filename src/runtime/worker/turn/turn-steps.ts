/**
 * The steps of a turn (turn.ts) that its parts take: suspension.ts when it waits, and unserved.ts for
 * requests that it does not run. Those that return a boolean return true when the next request may follow at
 * once.
 */

import type { HttpProblem } from '../../http/problem.ts';
import type { TurnEnding } from '../../memory/protocol.ts';
import type { Output } from '../output/output.ts';
import type { Upload } from '../uploads/upload.ts';
import type { RunningRequest } from './running-request.ts';
import type { TurnHost } from './turn-host.ts';
import type { TurnInput } from './turn-input.ts';

export interface TurnSteps {
  readonly host: TurnHost;
  readonly input: TurnInput;
  readonly output: Output;
  /** Nobody reads what this turn would still send. */
  isClientGone: boolean;
  readonly suspension: UploadEvents;

  /**
   * Runs the request that the parse record describes.
   * @param upload its body, if that is still coming
   */
  run(upload: Upload | null): boolean;
  /** Answers the request that the parse record describes without its route. */
  answerWithProblem(problem: HttpProblem): boolean;
  /** The response of the request is ready. */
  respond(running: RunningRequest): boolean;
  /** The request is finished, so its memory may be given back. */
  answered(running: RunningRequest): void;
  /** The turn waits for something, and other turns go on. */
  suspend(): void;
  /** The turn has what it has waited for. */
  resume(): void;
  /** Goes on with the next request after one that had to wait. */
  serveOn(): void;
  /** Sends a response of the server itself. */
  writeThenEnd(text: string, ending: TurnEnding, missing: number): void;
  /** Publishes the last record of the turn. */
  end(ending: TurnEnding, missing?: number): void;
}

/** What a body that is streamed asks of its turn. */
export interface UploadEvents {
  /** The handler reads, and its client waits for "100 Continue". */
  invite(): void;
  /** All of the body has come. @param end of the request in the connection's buffer */
  endUpload(upload: Upload, end: number): void;
}
