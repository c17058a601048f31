/**
 * Tells a hang-up from a reload. Used by signals.ts on the main thread.
 *
 * A terminal that closes sends SIGHUP to a whole process group: the package manager, perhaps the launcher,
 * and the server. It ends the package manager. For the server SIGHUP means a reload, so the server would go
 * on, and nobody would be left who knows of it. A process manager that wants a reload does not end for it.
 */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The parent is noted so often. Its end may be visible before the signal is, so the parent of that moment
 * says nothing. The parent of the start says nothing either: a daemon has lost it on purpose.
 */
const NOTE_MS = 1_000;

/** If the signal was for the parent too, the parent ends within this time. */
const END_MS = 1_000;

const LOOK_MS = 50;

export class Parent {
  #pid = process.ppid;

  constructor() {
    setInterval(() => {
      this.#pid = process.ppid;
    }, NOTE_MS).unref();
  }

  /** @returns whether the parent has ended in the second before the call, or ends in the second after it */
  async isEnding(): Promise<boolean> {
    const pid = this.#pid;
    const until = performance.now() + END_MS;
    while (process.ppid === pid) {
      if (performance.now() > until) return false;
      await delay(LOOK_MS);
    }
    return true;
  }
}
