import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions, readable } from '../../src/platform/log.ts';

const DYING_THREAD = resolve(import.meta.dirname, 'fixtures/dying-thread.ts');

function recordingLogger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  return { lines, logger: createLogger({ level: 'info', name: 'server', stream, ...options }) };
}

describe('a line', () => {
  test('is one JSON object that names time, level, thread and message', () => {
    const { lines, logger } = recordingLogger({ name: 'worker 3' });
    logger.info({ connections: 7 }, 'serving');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      pid: process.pid,
      name: 'worker 3',
      connections: 7,
      msg: 'serving',
    });
  });

  test('below the level is not written', () => {
    const { lines, logger } = recordingLogger({ level: 'warn' });
    logger.info('not this one');
    logger.warn('this one');
    expect(lines).toHaveLength(1);
  });

  test('carries the stack and the cause of an error', () => {
    const { lines, logger } = recordingLogger();
    logger.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    const { error } = JSON.parse(lines[0] ?? '');
    expect(error.message).toContain('outer');
    expect(error.stack).toContain('inner');
  });
});

test('credentials are never written', () => {
  const { lines, logger } = recordingLogger();
  logger.info({ authorization: 'Bearer hidden' }, 'a');
  logger.info({ headers: { authorization: 'Bearer hidden', cookie: 'hidden' } }, 'b');
  logger.info({ request: { headers: { authorization: 'Bearer hidden', host: 'visible' } } }, 'c');
  logger.info({ body: { password: 'hidden' }, user: { token: 'hidden' } }, 'd');
  expect(lines.join('')).not.toContain('hidden');
  expect(lines[2]).toContain('visible');
});

describe('on a terminal', () => {
  test('a line is plain text', () => {
    const { lines, logger } = recordingLogger();
    logger.warn({ connections: 7 }, 'nearly full');
    expect(readable(lines[0] ?? '')).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN server: nearly full connections=7$/,
    );
  });

  test('an error is followed by its stack', () => {
    const { lines, logger } = recordingLogger();
    logger.error({ err: new TypeError('wrong') }, 'failed');
    expect(readable(lines[0] ?? '')).toMatch(/ ERROR server: failed\nTypeError: wrong\n {4}at /);
  });
});

test('a thread that ends at once loses no line', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [DYING_THREAD]);
  const numbers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).line);
  expect(numbers).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
});
