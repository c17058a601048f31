/**
 * How long the entries of the ready queue have waited. Main thread, part of overload.ts.
 *
 * Requests do not read the clock. Instead main notes the tail of the queue at each look: all entries before
 * that position had come by that time. So a waiting time is exact to one look, and never too long.
 */

/** All entries before `tail` had come at `time`. */
interface Mark {
  readonly tail: number;
  readonly time: number;
}

export class WaitingTimes {
  /** In order. Each has another tail, so there are no more marks than entries. */
  #marks: Mark[] = [];
  #head = 0;

  /** Called at each look. Positions wrap around. */
  look(head: number, tail: number, now: number): void {
    this.#head = head;
    this.#marks = this.#marks.filter((mark) => isBefore(head, mark.tail));
    if (head !== tail && this.#marks.at(-1)?.tail !== tail) this.#marks.push({ tail, time: now });
  }

  /** How long the entry at a position has waited, in milliseconds. */
  of(position: number, now: number): number {
    const mark = this.#marks.find(({ tail }) => isBefore(position, tail));
    return mark === undefined ? 0 : now - mark.time;
  }

  /** @returns the position after the last entry that has waited for so long, the head if none has */
  endOfThoseThatWaited(milliseconds: number, now: number): number {
    return this.#marks.findLast(({ time }) => now - time >= milliseconds)?.tail ?? this.#head;
  }
}

export function isBefore(position: number, other: number): boolean {
  return ((other - position) | 0) > 0;
}
