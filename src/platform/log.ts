/**
 * The logger of every thread. Lines are written to standard output synchronously, so that a thread that dies
 * a moment later loses none: JSON, one object a line, or plain text where a person reads along on a terminal.
 * The main thread and each worker make one at their start; on the way of a request nothing is logged.
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino';
import type { LogLevel } from './log-settings.ts';

export type { Logger };

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Which part of the process speaks, such as `server` or `worker 3`. */
  readonly name: string;
  /** Where the lines go; for tests. */
  readonly stream?: DestinationStream;
}

const STANDARD_OUTPUT = 1;

/** What must never be read in a log, wherever a caller has put it. */
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
    options.stream ?? standardOutput(),
  );
}

function standardOutput(): DestinationStream {
  if (isatty(STANDARD_OUTPUT)) {
    return { write: (line) => void writeSync(STANDARD_OUTPUT, `${readable(line)}\n`) };
  }
  return destination({ fd: STANDARD_OUTPUT, sync: true });
}

/** One line for a person: time, level where it matters, who, what, the rest as name=value, then the stack. */
export function readable(json: string): string {
  const { time, level, name, msg, err, error, pid: _pid, ...rest } = JSON.parse(json);
  const clock = String(time).slice(11, 23);
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const failure = err ?? error;
  const stack =
    failure === undefined ? '' : `\n${failure.stack ?? failure.message ?? JSON.stringify(failure)}`;
  const severity = level === 'info' ? '' : ` ${String(level).toUpperCase()}`;
  return `${clock}${severity} ${name}: ${msg ?? ''}${fields.join('')}${stack}`;
}
