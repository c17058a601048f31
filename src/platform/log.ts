/**
 * The logger of every thread. The main thread and each worker make one at their start. Nothing is logged on
 * the way of a request. Lines are JSON, one object a line, or text for a person if standard output is a
 * terminal. No thread waits for the reader of the log, and a thread that dies a moment later loses no line
 * (log-output/standard-log.ts).
 */
import { isMainThread, parentPort } from 'node:worker_threads';
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { LinesUnderWay } from './log-output/lines-under-way.ts';
import { type LogMessage, standardLog } from './log-output/standard-log.ts';
import type { LogLevel } from './log-settings.ts';

export { flushStandardLog, type LogMessage, standardLog } from './log-output/standard-log.ts';
export type { Logger };

export interface LoggerOptions {
  readonly level: LogLevel;
  /** The thread that logs, such as `server` or `worker 3`. */
  readonly name: string;
  /** The destination of the lines, for tests. */
  readonly stream?: DestinationStream;
}

/** These fields are never logged, wherever a caller has put them. */
const SECRET_FIELDS = ['authorization', 'Authorization', 'cookie', 'set-cookie', 'password', 'token'];
const REDACTED_PATHS = SECRET_FIELDS.flatMap((field) => {
  const path = `["${field}"]`;
  return [path, `*${path}`, `*.headers${path}`];
});

export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      name: options.name,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
      serializers: { err: stdSerializers.err, error: stdSerializers.err },
    },
    options.stream ?? new LineStream(takerOfLines()),
  );
}

/** @param error names the error that the line reports, undefined if it reports none */
type TakeLine = (line: string, error: string | undefined) => void;

function takerOfLines(): TakeLine {
  const underWay = isMainThread ? undefined : LinesUnderWay.inherited();
  if (underWay === undefined) return (line, error) => standardLog().write(line, error);
  return (line, error) => {
    if (underWay.mayLeave(line.length)) post({ type: 'log', line, error });
  };
}

function post(message: LogMessage): void {
  parentPort?.postMessage(message);
}

/** Where a destination has it, pino sets the fields `last…` before it writes a line. */
const WANTS_METADATA: unique symbol = Symbol.for('pino.metadata');

class LineStream implements DestinationStream {
  readonly [WANTS_METADATA] = true;
  lastObj: unknown;
  lastMsg: string | undefined;
  readonly #take: TakeLine;

  constructor(take: TakeLine) {
    this.#take = take;
  }

  write(line: string): void {
    this.#take(line, this.#error());
  }

  /**
   * Lines report the same error if they have the same message, and if their errors have the same message and
   * were made at the same place. How the program came there may differ.
   */
  #error(): string | undefined {
    const details = Object(this.lastObj);
    const stack: unknown = Object(details.error ?? details.err ?? details).stack;
    if (typeof stack !== 'string') return undefined;
    const firstPlace = stack.indexOf('\n    at ');
    const end = firstPlace < 0 ? -1 : stack.indexOf('\n', firstPlace + 1);
    return `${this.lastMsg}\n${end < 0 ? stack : stack.slice(0, end)}`;
  }
}
