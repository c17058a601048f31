/**
 * Formats log lines for a person at a terminal. log.ts calls it in every thread whose standard output is a
 * terminal. Elsewhere pino-pretty is not loaded, so it costs neither time nor memory.
 */
import { createRequire } from 'node:module';
import type { PrettyOptions } from 'pino-pretty';

const require = createRequire(import.meta.url);

const OPTIONS: PrettyOptions = {
  // All lines have the same process id. The name tells the threads apart.
  ignore: 'pid,hostname',
  translateTime: 'SYS:HH:MM:ss.l',
  singleLine: true,
  errorLikeObjectKeys: ['err', 'error'],
};

/** @returns a function from a line of JSON to text that ends with a line break */
export function readableLines(options: PrettyOptions = {}): (json: string) => string {
  const { prettyFactory } = require('pino-pretty') as typeof import('pino-pretty');
  return prettyFactory({ ...OPTIONS, ...options });
}
