/**
 * Server-sent events (WHATWG HTML, section 9.2) over a streamed response. A controller calls `sendEvents`
 * with a source of events. Comments keep the connection alive while the source has nothing to say. The source
 * is closed when the client is gone. The stream ends when the worker is about to: clients of events connect
 * again by themselves.
 */

import type { Request } from '../request/request.ts';
import { derivedStream } from './body-stream.ts';
import type { Response } from './response.ts';

export interface ServerSentEvent {
  /** The client sends it back as Last-Event-ID when it reconnects. */
  readonly id?: string;
  /** The event's type. "message" if left out. */
  readonly event?: string;
  /** One or many lines. Without data the client sees no event, but keeps the id. */
  readonly data?: string;
  /** How long the client waits before it reconnects. */
  readonly retryMs?: number;
}

export interface EventStreamOptions {
  /** Silence after which a comment is sent, so that no proxy takes the connection for dead. */
  readonly keepAliveMs?: number;
}

export const EVENT_STREAM_CONTENT_TYPE = 'text/event-stream';

const DEFAULT_KEEP_ALIVE_MS = 15_000;
/**
 * A client that has sent FIN may be gone. It answers the first comment with a reset, which the second one
 * meets.
 */
const PROBES = 2;
const PROBE_INTERVAL_MS = 500;
const KEEP_ALIVE_COMMENT = ': keep-alive\n\n';
const LINE_END = /\r\n|\r|\n/;

/**
 * Ends the response with a stream of events.
 * @param source closed (`return`) when the client is gone. One that waits for long should heed request.signal
 */
export function sendEvents(
  request: Request,
  response: Response,
  source: AsyncIterable<ServerSentEvent>,
  options: EventStreamOptions = {},
): void {
  // no-transform: a proxy that compressed the stream would hold events back until it has filled a block.
  const cacheControl = `${response.getHeader('Cache-Control') ?? 'no-cache'}, no-transform`;
  response.header('Cache-Control', cacheControl).header('X-Accel-Buffering', 'no');
  const keepAliveMs = options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS;
  const stream = derivedStream(source, () => encodeEvents(source, keepAliveMs, request));
  response.stream(stream, EVENT_STREAM_CONTENT_TYPE);
}

/** @throws TypeError for an id or type that would end its line */
export function encodeEvent(event: ServerSentEvent): string {
  let text = '';
  if (event.id !== undefined) text += field('id', event.id);
  if (event.event !== undefined) text += field('event', event.event);
  if (event.retryMs !== undefined) text += `retry: ${wholeMilliseconds(event.retryMs)}\n`;
  for (const line of event.data?.split(LINE_END) ?? []) {
    text += `data: ${line}\n`;
  }
  return `${text}\n`;
}

async function* encodeEvents(
  source: AsyncIterable<ServerSentEvent>,
  keepAliveMs: number,
  { signal, halfClosed, workerEnding }: Pick<Request, 'signal' | 'halfClosed' | 'workerEnding'>,
): AsyncGenerator<string, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let pending: PendingEvent | null = null;
  let probes = 0;
  try {
    while (!signal.aborted && !workerEnding.aborted) {
      pending ??= new PendingEvent(iterator.next());
      const isProbing = halfClosed.aborted && probes < PROBES;
      await pending.wait(isProbing ? PROBE_INTERVAL_MS : keepAliveMs, [signal, halfClosed, workerEnding]);
      if (signal.aborted) return;
      if (!pending.settled && workerEnding.aborted) return;
      if (!pending.settled) {
        if (halfClosed.aborted) probes++;
        yield KEEP_ALIVE_COMMENT;
        continue;
      }
      const { result } = pending;
      pending = null;
      const { done, value } = await result;
      if (done) return;
      yield encodeEvent(value);
    }
  } finally {
    await closeSource(iterator, pending);
  }
}

/**
 * The next event of the source. During silence the same promise is waited for many times. A wait leaves
 * nothing behind on the promise. `Promise.race` would leave a reaction for every comment that an idle client
 * is sent.
 */
class PendingEvent {
  readonly result: Promise<IteratorResult<ServerSentEvent>>;
  settled = false;
  #wake: () => void = ignore;

  constructor(result: Promise<IteratorResult<ServerSentEvent>>) {
    this.result = result;
    const settle = () => {
      this.settled = true;
      this.#wake();
    };
    result.then(settle, settle);
  }

  /**
   * Waits until it has settled, or a comment is due: after a silence, or at once when one of the signals
   * aborts. If the client has sent FIN, the comment shows whether it is gone.
   */
  async wait(silenceMs: number, signals: readonly AbortSignal[]): Promise<void> {
    if (this.settled) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const timer = setTimeout(wake, silenceMs);
    this.#wake = wake;
    for (const signal of signals) signal.addEventListener('abort', wake);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', wake);
    }
  }
}

/**
 * Closes the source. `return` waits for a source that is asleep within `next`, so it is not awaited then. The
 * client is gone, and nobody needs the outcome.
 */
async function closeSource(
  iterator: AsyncIterator<ServerSentEvent>,
  pending: PendingEvent | null,
): Promise<void> {
  const closed = iterator.return?.();
  if (pending === null) {
    await closed;
  } else {
    closed?.catch(ignore);
  }
}

function ignore(): void {}

function field(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new TypeError(`The ${name} of an event cannot have a line end or NUL`);
  return `${name}: ${value}\n`;
}

function wholeMilliseconds(milliseconds: number): number {
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    throw new TypeError(`retryMs must be a whole number of milliseconds, not ${milliseconds}`);
  }
  return milliseconds;
}
