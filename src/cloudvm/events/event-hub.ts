/**
 * The streams of events of one worker. It tells the other workers for whom it listens, receives what the one
 * that polls has read, and gives each stream what is its owner's.
 */
import { randomUUID } from 'node:crypto';
import type { Change } from './change.ts';
import { ChangeChannel, type ChannelMessage } from './change-channel.ts';
import { ChangePoller, type ChangePollerOptions } from './change-poller.ts';
import type { Position } from './event-id.ts';
import { EventStream } from './event-stream.ts';

/** Streams of one worker. Each takes one of the places of its requests in flight. */
export const MAX_STREAMS = 32;
/** Streams of one user in one worker. */
export const MAX_STREAMS_OF_USER = 4;
/** How often a worker says for whom it listens. */
const ANNOUNCE_INTERVAL_MS = 5_000;
/** A worker that has said nothing for so long has died. */
const FORGOTTEN_AFTER_MS = 3 * ANNOUNCE_INTERVAL_MS;
/** So long after the last read of another worker, nobody need be told of writes. */
const QUIET_AFTER_MS = 10_000;

/** Too many streams. The client should try again, perhaps at another worker. */
export class TooManyStreamsError extends Error {
  readonly code = 'TOO_MANY_STREAMS';
  override readonly name = 'TooManyStreamsError';
  readonly areOfUser: boolean;

  constructor(areOfUser: boolean) {
    super(areOfUser ? 'the user has too many streams of events' : 'there are too many streams of events');
    this.areOfUser = areOfUser;
  }
}

export interface EventHubOptions
  extends Pick<ChangePollerOptions, 'reader' | 'watch' | 'onError' | 'pollIntervalMs'> {
  /** Names the database, since one process may use several. */
  readonly database: string;
}

interface Listener {
  readonly ownerIds: readonly string[];
  readonly heard: number;
}

export class EventHub implements AsyncDisposable {
  readonly #reader: EventHubOptions['reader'];
  readonly #name = randomUUID();
  readonly #channel: ChangeChannel;
  readonly #poller: ChangePoller;
  readonly #streams = new Map<string, Set<EventStream>>();
  /** Other workers, by name. */
  readonly #listeners = new Map<string, Listener>();
  #streamCount = 0;
  /** When somebody has last read, this worker included, and up to where. */
  #lastRead = 0;
  #readUntil = 0;
  #polling: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;
  #announceTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: EventHubOptions) {
    const { database, reader, watch, onError, pollIntervalMs } = options;
    this.#reader = reader;
    this.#channel = new ChangeChannel(database, (message) => this.#receive(message));
    this.#poller = new ChangePoller({
      reader,
      watch,
      onError,
      lockName: `cloudvm-poller ${database}`,
      ownerIds: () => this.#allOwnerIds(),
      onRead: (until, changes) => this.#handOut(until, changes),
      ...(pollIntervalMs !== undefined && { pollIntervalMs }),
    });
  }

  /**
   * @param position undefined begins with what comes from now on
   * @param signal ends the stream
   * @throws TooManyStreamsError
   */
  open(ownerId: string, position: Position | undefined, signal: AbortSignal): EventStream {
    const ofOwner = this.#streams.get(ownerId) ?? new Set();
    if (ofOwner.size >= MAX_STREAMS_OF_USER) throw new TooManyStreamsError(true);
    if (this.#isClosed || this.#streamCount >= MAX_STREAMS) throw new TooManyStreamsError(false);
    const stream = new EventStream({
      position: position ?? { since: Date.now(), marks: new Set() },
      readSince: (since) => this.#reader.read([ownerId], since),
      signal,
      onClose: () => this.#close(ownerId, stream),
    });
    ofOwner.add(stream);
    this.#streams.set(ownerId, ofOwner);
    this.#streamCount += 1;
    this.#listen();
    // The request may have ended before its stream could hear of it.
    if (signal.aborted) stream.end();
    return stream;
  }

  /** To be called after each write that clients can see. It costs nothing while nobody listens. */
  written(): void {
    if (this.#polling !== undefined) this.#poller.wake();
    if (Date.now() - this.#lastRead < QUIET_AFTER_MS) this.#channel.send({ type: 'written' });
  }

  /** Ends all streams. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const ofOwner of this.#streams.values()) for (const stream of [...ofOwner]) stream.end();
    await this.#stopPolling();
    clearInterval(this.#announceTimer);
    this.#channel[Symbol.dispose]();
  }

  #close(ownerId: string, stream: EventStream): void {
    const ofOwner = this.#streams.get(ownerId);
    if (ofOwner?.delete(stream) !== true) return;
    this.#streamCount -= 1;
    if (ofOwner.size === 0) this.#streams.delete(ownerId);
    if (this.#streamCount > 0) return;
    clearInterval(this.#announceTimer);
    this.#announceTimer = undefined;
    this.#announce();
    void this.#stopPolling();
  }

  #listen(): void {
    this.#announce();
    this.#announceTimer ??= setInterval(() => this.#announce(), ANNOUNCE_INTERVAL_MS).unref();
    if (this.#polling === undefined) this.#startPolling();
    else this.#poller.wake();
  }

  #startPolling(): void {
    const controller = new AbortController();
    const begun = Date.now();
    // What came before the streams of this worker began they read themselves. Then another one has read for
    // all, perhaps for hours.
    const since = () => Math.max(begun, this.#readUntil);
    this.#polling = { controller, ended: this.#poller.run(since, controller.signal) };
  }

  async #stopPolling(): Promise<void> {
    const polling = this.#polling;
    this.#polling = undefined;
    polling?.controller.abort();
    await polling?.ended;
  }

  #announce(): void {
    this.#channel.send({ type: 'listening', worker: this.#name, ownerIds: [...this.#streams.keys()] });
  }

  #receive(message: ChannelMessage): void {
    switch (message.type) {
      case 'written':
        this.#poller.wake();
        break;
      case 'listening':
        this.#hear(message.worker, message.ownerIds);
        break;
      case 'read':
        this.#deliver(message.until, message.changes);
        break;
    }
  }

  #hear(worker: string, ownerIds: readonly string[]): void {
    if (ownerIds.length === 0) this.#listeners.delete(worker);
    else this.#listeners.set(worker, { ownerIds, heard: Date.now() });
    this.#poller.wake();
  }

  #allOwnerIds(): readonly string[] {
    const all = new Set(this.#streams.keys());
    for (const [worker, { ownerIds, heard }] of this.#listeners) {
      if (Date.now() - heard > FORGOTTEN_AFTER_MS) this.#listeners.delete(worker);
      else for (const ownerId of ownerIds) all.add(ownerId);
    }
    return Array.from(all);
  }

  /** On the worker that polls. */
  #handOut(until: number, changes: readonly Change[]): void {
    this.#channel.send({ type: 'read', until, changes });
    this.#deliver(until, changes);
  }

  #deliver(until: number, changes: readonly Change[]): void {
    this.#lastRead = Date.now();
    this.#readUntil = Math.max(this.#readUntil, until);
    for (const change of changes) {
      for (const stream of this.#streams.get(change.ownerId) ?? []) stream.push(change);
    }
  }
}
