/** Follows the stream of events over as many connections as it takes. */
import type { CloudVmEvent } from '../../cloudvm/contract/client-contract.ts';
import { outgoing } from '../calls/outgoing.ts';
import { CloudVmBadAnswer, type CloudVmError, CloudVmNetworkError } from '../errors/client-error.ts';
import { CloudVmProblem } from '../errors/problem.ts';
import { PhaseTimer } from '../exchange/phase-timer.ts';
import type { Transport } from '../exchange/transport.ts';
import { transportError } from '../exchange/transport-error.ts';
import { requireNumber } from '../options.ts';
import { politeMs } from '../retries/backoff.ts';
import { Deadline } from '../retries/deadline.ts';
import { pause } from '../retries/pause.ts';
import { isPassing } from '../retries/repeatable.ts';
import { EventStreamParser } from './event-stream-parser.ts';
import { readEvents } from './read-events.ts';

export interface EventsOptions {
  /** The `id` of the last event that was handled before. The stream goes on after it. */
  readonly lastEventId?: string | undefined;
  /** Ends the stream, with the reason of the signal as the error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called whenever a connection is there. What changes from then on becomes an event, so this is the time to
   * read what there is already.
   */
  readonly onConnect?: (() => void) | undefined;
  /**
   * The longest wait before a new connection. It doubles while connections fail. 1,000, or what the server
   * asks for.
   */
  readonly reconnectDelayMs?: number | undefined;
  /** Connections in succession that bring nothing, after which the last error is thrown. 20. */
  readonly maxFailures?: number | undefined;
  /** A connection that is silent for longer is replaced. 60,000. */
  readonly silenceMs?: number | undefined;
}

export type Events = AsyncGenerator<CloudVmEvent, void, undefined>;

const RECONNECT_DELAY_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 30_000;
/** A server that closes every connection at once must not make a loop without a wait. */
const LEAST_DELAY_MS = 50;
const MAX_FAILURES = 20;
const SILENCE_MS = 60_000;
const EVENT_STREAM = /^text\/event-stream(?:\s*;|\s*$)/i;

export async function* followEvents(
  transport: Transport,
  token: () => string | undefined,
  options: EventsOptions,
): Events {
  const { signal, maxFailures = MAX_FAILURES, silenceMs = SILENCE_MS } = options;
  requireNumber('silenceMs', silenceMs, 1);
  let lastEventId = options.lastEventId ?? '';
  let delayMs = options.reconnectDelayMs ?? RECONNECT_DELAY_MS;
  requireNumber('reconnectDelayMs', delayMs, 0);
  let failures = 0;
  for (;;) {
    const parser = new EventStreamParser(transport.settings.maxAnswerBytes, lastEventId);
    const onSignOfLife = (): void => {
      failures = 0;
    };
    let error: CloudVmError;
    using timer = new PhaseTimer('streamEvents', new Deadline(Number.POSITIVE_INFINITY, signal));
    try {
      const content = await connect(transport, token(), lastEventId, timer);
      // 204: the server has no more events (WHATWG HTML, section 9.2.2).
      if (content === undefined) return;
      options.onConnect?.();
      yield* readEvents(content, { parser, timer, silenceMs, onSignOfLife });
      error = new CloudVmNetworkError('streamEvents met the end of the stream');
    } catch (thrown) {
      const known = transportError('streamEvents', thrown, timer.signal);
      if (!isPassing(known)) throw known;
      error = known;
    }
    failures += 1;
    if (failures >= maxFailures) throw error;
    ({ lastEventId } = parser);
    delayMs = parser.retryMs ?? delayMs;
    await pause(LEAST_DELAY_MS + delayAfter(error, failures, delayMs), signal);
  }
}

/** @returns undefined if there is no content. @throws CloudVmProblem, CloudVmBadAnswer */
async function connect(
  transport: Transport,
  token: string | undefined,
  lastEventId: string,
  timer: PhaseTimer,
) {
  const request = outgoing(
    'streamEvents',
    { lastEventId: lastEventId === '' ? undefined : lastEventId },
    token,
  );
  const answer = await transport.open(request, timer);
  if (answer.status !== 200) {
    const whole = await transport.read(answer, request, timer);
    if (whole.status === 204) return undefined;
    throw new CloudVmProblem('streamEvents', whole);
  }
  if (EVENT_STREAM.test(answer.fields['content-type']?.toString() ?? '')) return answer.content;
  answer.content.destroy();
  throw new CloudVmBadAnswer('The answer to streamEvents is no stream of events');
}

function delayAfter(error: CloudVmError, failures: number, baseDelayMs: number): number {
  const askedMs = error instanceof CloudVmProblem ? error.retryAfterMs : undefined;
  const backoff = { baseDelayMs, maxDelayMs: Math.max(baseDelayMs, MAX_RECONNECT_DELAY_MS) };
  return politeMs(askedMs, failures, backoff);
}
