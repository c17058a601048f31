/**
 * Times the first request of a turn, if main has chosen it (server/timing/sampling.ts). It stands between the
 * turn and what the turn calls, so a turn that is not timed pays for one comparison at each of these places.
 * Worker threads only, one for each turn that is timed.
 *
 * Other requests may run on this thread while a handler waits. So a stage includes the time for which its
 * continuation waits for the thread.
 */

import { PARSE_COMPLETE } from '../../../../assembly/record.ts';
import { RequestTiming } from '../../http/timing/request-timing.ts';
import { asksForTiming, tellTiming } from '../../http/timing/server-timing.ts';
import { runTimed } from '../../http/timing/timed.ts';
import { timeSince, timeWord } from '../../memory/connections/turn-time.ts';
import type { Output } from '../output/output.ts';
import type { RunningRequest } from './running-request.ts';
import { sendResponse } from './send-response.ts';
import type { TurnHost } from './turn-host.ts';
import type { TurnInput } from './turn-input.ts';

export class TurnTiming {
  readonly #host: TurnHost;
  readonly #timing: RequestTiming;

  /** @param queuedAt when main has queued the connection: a time word (memory/connections/turn-time.ts) */
  constructor(host: TurnHost, queuedAt: number) {
    const now = performance.now();
    this.#host = host;
    this.#timing = new RequestTiming('queue', now - timeSince(queuedAt, now));
  }

  /** One call of the core parses and matches. So the route is matched once more, to tell the two apart. */
  parse(input: TurnInput): number {
    const timing = this.#timing;
    timing.enter('parse');
    const status = input.parse();
    if (status !== PARSE_COMPLETE) return status;
    timing.enter('match');
    this.#host.core.match();
    timing.enter('middleware');
    timing.deduct('parse', timing.milliseconds.get('match') ?? 0);
    return status;
  }

  run({ request, response }: RunningRequest): void | Promise<void> {
    return runTimed(this.#timing, () => this.#host.pipeline.runTimed(request, response));
  }

  /** Sends the response, and records the times if all of it could be written at once. */
  send(running: RunningRequest, output: Output, connection: number): Promise<void> | null {
    const { context } = this.#host;
    const timing = this.#timing;
    timing.enter('response');
    if (context.start.serverTiming && asksForTiming(running.request.header('prefer'))) {
      // Until now, so that the time of the finishers is told.
      timing.enter('response');
      tellTiming(running.response, timing.milliseconds);
    }
    const sending = sendResponse(running, output, this.#host);
    timing.end();
    if (sending !== null) return sending;
    for (const [stage, milliseconds] of timing.milliseconds) context.stageTimes.observe(stage, milliseconds);
    context.table.setAnsweredAt(connection, timeWord(performance.now()));
    return null;
  }
}
