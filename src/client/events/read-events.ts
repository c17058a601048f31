/** The events of one connection. */
import type { CloudVmEvent } from '../../cloudvm/contract/client-contract.ts';
import { CloudVmBadAnswer } from '../errors/client-error.ts';
import type { PhaseTimer } from '../exchange/phase-timer.ts';
import type { OpenAnswer } from '../exchange/transport.ts';
import type { EventStreamParser, ServerSentEvent } from './event-stream-parser.ts';

/** All of them: it does not compile if one is missing. A newer server may send others, which are skipped. */
const KNOWN: Readonly<Record<CloudVmEvent['event'], true>> = {
  vm: true,
  'vm-deleted': true,
  snapshot: true,
  'snapshot-deleted': true,
  operation: true,
};

export interface ReadOptions {
  readonly parser: EventStreamParser;
  readonly timer: PhaseTimer;
  /** The longest silence. The server sends a comment in time while nothing happens. */
  readonly silenceMs: number;
  readonly onSignOfLife: () => void;
}

/**
 * Ends when the connection does. It takes nothing from the connection while the caller handles an event, so
 * a slow caller slows the server down, and no queue grows here.
 */
export async function* readEvents(
  content: OpenAnswer['content'],
  { parser, timer, silenceMs, onSignOfLife }: ReadOptions,
): AsyncGenerator<CloudVmEvent, void, undefined> {
  const decoder = new TextDecoder();
  const chunks: AsyncIterator<Buffer> = content[Symbol.asyncIterator]();
  try {
    for (;;) {
      timer.begin('body', silenceMs);
      const { done, value } = await chunks.next();
      timer.pause();
      if (done) return;
      onSignOfLife();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        timer.signal.throwIfAborted();
        if (Object.hasOwn(KNOWN, event.event)) yield parsed(event);
      }
    }
  } finally {
    timer.pause();
    content.destroy();
  }
}

function parsed({ event, id, data }: ServerSentEvent): CloudVmEvent {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === 'object' && value !== null) return { event, id, data: value } as CloudVmEvent;
  } catch {
    // Reported below, without a piece of the data.
  }
  throw new CloudVmBadAnswer('The data of an event is not a JSON object');
}
