/** Says on standard error what runs, what is left, and when it will end. */
import type { Writable } from 'node:stream';

export interface ProgressStream extends Writable {
  readonly isTTY?: boolean;
}

export class Progress {
  readonly #stream: ProgressStream;
  #scenario = '';

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  /** @param secondsLeft of the whole run, as far as one can know */
  scenario(name: string, number: number, of: number, secondsLeft: number): void {
    const end = new Date(Date.now() + secondsLeft * 1000).toTimeString().slice(0, 5);
    this.#scenario = `[${number}/${of}] ${name}`;
    this.#line(`${this.#scenario}: about ${Math.ceil(secondsLeft / 60)} min left, done at ${end}`);
  }

  /** Within the scenario. It shows on a terminal alone, where it replaces the one before. */
  step(what: string): void {
    if (this.#stream.isTTY === true) this.#stream.write(`\r\x1b[K${this.#scenario}: ${what}`);
  }

  /** A line that stays. */
  note(text: string): void {
    this.#line(text);
  }

  #line(text: string): void {
    this.#stream.write(`${this.#stream.isTTY === true ? '\r\x1b[K' : ''}${text}\n`);
  }
}
