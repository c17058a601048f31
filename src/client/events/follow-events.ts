/** Follows the stream of events over as many connections as it takes. */
import type { CloudVmEvent } from '../../cloudvm/contract/client-contract.ts';
import { outgoing } from '../calls/outgoing.ts';
import {
  CloudVmBadAnswer,
  CloudVmError,
  CloudVmNetworkError,
  CloudVmUsageError,
} from '../errors/client-error.ts';
import { CloudVmProblem } from '../errors/problem.ts';
import { PhaseTimer } from '../exchange/phase-timer.ts';
import type { OpenAnswer, Transport } from '../exchange/transport.ts';
import { transportError } from '../exchange/transport-error.ts';
import { requireNumber } from '../options.ts';
import { politeMs } from '../retries/backoff.ts';
import { Deadline } from '../retries/deadline.ts';
import { pause } from '../retries/pause.ts';
import { isPassing } from '../retries/repeatable.ts';
import { EventStreamParser } from './event-stream-parser.ts';
import { type ReadOptions, readEvents } from './read-events.ts';

export interface EventsOptions {
  /** The `id` of the last event that was handled before. The stream goes on after it. */
  readonly lastEventId?: string | undefined;
  /** Ends the stream at once, also while it waits, with the reason of the signal as the error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Awaited when a stream begins that has no earlier event to go on after. What changes from then on becomes
   * an event, so this is the time to read what there is already. Its error ends the stream.
   */
  readonly onStart?: (() => unknown) | undefined;
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

type Content = OpenAnswer['content'];

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
  if (!(maxFailures >= 1)) throw new CloudVmUsageError('maxFailures must be at least 1');
  let failures = 0;
  for (;;) {
    using timer = new PhaseTimer('streamEvents', new Deadline(Number.POSITIVE_INFINITY, signal));
    const parser = new EventStreamParser(transport.settings.maxAnswerBytes, lastEventId);
    const onSignOfLife = (): void => {
      failures = 0;
    };
    const connected = await connect(transport, token(), lastEventId, timer);
    if (connected === undefined) return;
    let error: CloudVmError;
    if (connected instanceof CloudVmError) {
      error = connected;
    } else {
      if (lastEventId === '') await start(options, connected);
      error = yield* readUntilBroken(connected, { parser, timer, silenceMs, onSignOfLife });
    }
    failures += 1;
    if (failures >= maxFailures) throw error;
    ({ lastEventId } = parser);
    delayMs = parser.retryMs ?? delayMs;
    await pause(LEAST_DELAY_MS + delayAfter(error, failures, delayMs), signal);
  }
}

/**
 * @returns the content, or what was wrong in passing, or undefined if there are no more events
 * @throws what will not pass
 */
async function connect(
  transport: Transport,
  token: string | undefined,
  lastEventId: string,
  timer: PhaseTimer,
): Promise<Content | CloudVmError | undefined> {
  // As browsers do: the bytes of UTF-8 as they are.
  const bytes = Buffer.from(lastEventId, 'utf8').toString('latin1');
  const input = { lastEventId: bytes === '' ? undefined : bytes };
  const request = outgoing('streamEvents', input, token);
  try {
    const answer = await transport.open(request, timer);
    if (answer.status === 200 && isEventStream(answer)) return answer.content;
    const whole = await transport.read(answer, request, timer);
    // The server has no more events (WHATWG HTML, section 9.2.2).
    if (whole.status === 204) return undefined;
    if (!whole.isSuccess) throw new CloudVmProblem('streamEvents', whole);
    throw new CloudVmBadAnswer('The answer to streamEvents is no stream of events');
  } catch (error) {
    return passingError(error, timer);
  }
}

function isEventStream({ fields }: OpenAnswer): boolean {
  return EVENT_STREAM.test(fields['content-type']?.toString() ?? '');
}

async function start({ onStart }: EventsOptions, content: Content): Promise<void> {
  try {
    await onStart?.();
  } catch (error) {
    content.destroy();
    throw error;
  }
}

/** @returns why there is nothing more to read. @throws what will not pass */
async function* readUntilBroken(
  content: Content,
  options: ReadOptions,
): AsyncGenerator<CloudVmEvent, CloudVmError, undefined> {
  try {
    yield* readEvents(content, options);
    return new CloudVmNetworkError('streamEvents met the end of the stream');
  } catch (error) {
    return passingError(error, options.timer);
  }
}

/** @throws what will not pass */
function passingError(thrown: unknown, { signal }: PhaseTimer): CloudVmError {
  const error = transportError('streamEvents', thrown, signal);
  if (isPassing(error)) return error;
  throw error;
}

function delayAfter(error: CloudVmError, failures: number, baseDelayMs: number): number {
  const askedMs = error instanceof CloudVmProblem ? error.retryAfterMs : undefined;
  const backoff = { baseDelayMs, maxDelayMs: Math.max(baseDelayMs, MAX_RECONNECT_DELAY_MS) };
  return politeMs(askedMs, failures, backoff);
}
