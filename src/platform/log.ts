/**
 * The logger of every thread. The main thread and each worker make one at their start. Nothing is logged on
 * the way of a request. Lines are JSON, one object a line, or text for a person if standard output is a
 * terminal. They are written synchronously, so a thread that dies a moment later loses none.
 */
import { isatty } from 'node:tty';
import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino';
import type { LogLevel } from './log-settings.ts';
import { readableLines } from './readable-lines.ts';

export type { Logger };

export interface LoggerOptions {
  readonly level: LogLevel;
  /** The thread that logs, such as `server` or `worker 3`. */
  readonly name: string;
  /** The destination of the lines, for tests. */
  readonly stream?: DestinationStream;
}

const STANDARD_OUTPUT = 1;

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
    options.stream ?? standardOutput(),
  );
}

function standardOutput(): DestinationStream {
  const output = destination({ fd: STANDARD_OUTPUT, sync: true });
  if (!isatty(STANDARD_OUTPUT)) return output;
  const format = readableLines();
  return { write: (line) => void output.write(format(line)) };
}
