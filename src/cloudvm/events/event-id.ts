/**
 * The ids of events. A client sends the last one back as Last-Event-ID, perhaps to another worker or another
 * process, which must know what the client has. So an id holds that: a time up to which everything was sent,
 * and marks of what was sent of the time after it. A change may become visible later than one with a later
 * time, because it was written by another process. Without the marks it would be lost or everything after it
 * would be sent twice.
 */
import { createHash } from 'node:crypto';
import type { Change } from './change.ts';

/** How much later than its time a change may become visible. */
export const OVERLAP_MS = 2_000;
/** Beyond that, what was sent longest ago is sent again after a broken connection. */
const MAX_MARKS = 64;
const MARK_CHARACTERS = 6;
const ID = /^(\d{1,15})\.((?:[A-Za-z0-9_-]{6})*)$/;

export interface Position {
  /** Milliseconds since 1970. Everything before that was sent. */
  readonly since: number;
  readonly marks: ReadonlySet<string>;
}

/** @returns undefined for what is no id of ours */
export function parseEventId(id: string): Position | undefined {
  const [, time, marks = ''] = ID.exec(id) ?? [];
  if (time === undefined || marks.length > MAX_MARKS * MARK_CHARACTERS) return undefined;
  return { since: Number(time), marks: new Set(marks.match(/.{6}/g)) };
}

/** What one client has been sent. */
export class SentEvents {
  /** By mark, the time of the change. In the order in which they were sent. */
  readonly #sent = new Map<string, number>();
  /** By resource, what was sent last of it, as long as something older of it may come. */
  readonly #newest = new Map<string, Change>();
  #latest: number;
  #since: number;

  constructor({ since, marks }: Position) {
    this.#since = since;
    this.#latest = since;
    // Their times are not known, but are at most that.
    for (const mark of marks) this.#sent.set(mark, since + OVERLAP_MS);
  }

  /** Whether the client has this state of the resource already, or a newer one, or all of that time. */
  has(change: Change): boolean {
    const { time, resource, version } = change;
    if (time < this.#since || version < (this.#newest.get(resource)?.version ?? 0)) return true;
    return this.#sent.has(markOf(change));
  }

  /** Of all that was sent so far. */
  get id(): string {
    const marks = Array.from(this.#sent.keys()).slice(-MAX_MARKS);
    return `${this.#since}.${marks.join('')}`;
  }

  /** @returns the id of the event */
  add(change: Change): string {
    this.#sent.set(markOf(change), change.time);
    this.#newest.set(change.resource, change);
    // The clock of another process may be ahead, and must not hide what this one has yet to send.
    this.#latest = Math.max(this.#latest, Math.min(change.time, Date.now()));
    this.#since = Math.max(this.#since, this.#latest - OVERLAP_MS);
    for (const [mark, time] of this.#sent) if (time < this.#since) this.#sent.delete(mark);
    for (const [key, { time }] of this.#newest) if (time < this.#since) this.#newest.delete(key);
    return this.id;
  }
}

function markOf({ key }: Change): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, MARK_CHARACTERS);
}
