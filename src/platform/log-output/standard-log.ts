/**
 * The log of the process: takes the lines of every thread and writes them to standard output. Main thread.
 *
 * No thread waits for the reader of the log. A worker sends its lines to the main thread, which loses none
 * when the worker ends, and main writes without blocking (bounded-output.ts). An error that repeats is
 * counted (repeated-errors.ts).
 */
import { BoundedOutput } from './bounded-output.ts';
import { LinesUnderWay } from './lines-under-way.ts';
import { readableLines } from './readable-lines.ts';
import { RepeatedErrors } from './repeated-errors.ts';
import { isTerminal, openStandardOutput } from './standard-output.ts';

/** A line on its way from a worker thread. */
export interface LogMessage {
  readonly type: 'log';
  /** JSON, with a line break. */
  readonly line: string;
  /** Names the error that the line reports. Undefined for a line that is always written. */
  readonly error: string | undefined;
}

class StandardLog {
  readonly #output: BoundedOutput;
  readonly #repeated = new RepeatedErrors((line) => this.#write(line));
  readonly #underWay = LinesUnderWay.create();
  readonly #format: (line: string) => string;

  constructor() {
    this.#format = isTerminal() ? readableLines() : (line) => line;
    this.#output = new BoundedOutput({
      stream: openStandardOutput(() => this.#output.lost()),
      droppedLine: (count) => this.#format(droppedLine(count)),
    });
  }

  /** @param error names the error that the line reports, undefined for a line that is always written */
  write(line: string, error: string | undefined): void {
    if (error === undefined) this.#write(line);
    else this.#repeated.take(line, error);
  }

  /** A line has arrived from a worker thread. */
  receive({ line, error }: LogMessage): void {
    this.#underWay.hasArrived(line.length);
    this.#output.lost(this.#underWay.takeDropped());
    this.write(line, error);
  }

  async flush(timeoutMs: number): Promise<void> {
    this.#repeated.endPeriod();
    await this.#output.flush(timeoutMs);
  }

  #write(line: string): void {
    this.#output.write(this.#format(line));
  }
}

let log: StandardLog | undefined;

/**
 * The one log of the process. Threads that are started after the first call send their lines to this thread,
 * which must give them to `receive`.
 */
export function standardLog(): StandardLog {
  log ??= new StandardLog();
  return log;
}

/** Before the process ends. Resolves when all lines are written, or when the time is over. */
export async function flushStandardLog(timeoutMs: number): Promise<void> {
  await log?.flush(timeoutMs);
}

function droppedLine(count: number): string {
  const line = {
    level: 'warn',
    time: new Date().toISOString(),
    pid: process.pid,
    name: 'log',
    dropped: count,
    msg: 'Lines of the log are missing here: nobody read them in time, or they could not be written',
  };
  return `${JSON.stringify(line)}\n`;
}
