import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions } from '../../src/platform/log.ts';
import { readableLines } from '../../src/platform/log-output/readable-lines.ts';
import { needTool, runTool } from '../clients/support/tool.ts';

const DYING_THREAD = resolve(import.meta.dirname, 'fixtures/dying-thread.ts');

function recordingLogger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  return { lines, logger: createLogger({ level: 'info', name: 'server', stream, ...options }) };
}

describe('a log line', () => {
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

  test('below the log level is not written', () => {
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

test('credentials are never written to the log', () => {
  const { lines, logger } = recordingLogger();
  logger.info({ authorization: 'Bearer hidden' }, 'a');
  logger.info({ headers: { authorization: 'Bearer hidden', cookie: 'hidden' } }, 'b');
  logger.info({ request: { headers: { authorization: 'Bearer hidden', host: 'visible' } } }, 'c');
  logger.info({ body: { password: 'hidden' }, user: { token: 'hidden' } }, 'd');
  expect(lines.join('')).not.toContain('hidden');
  expect(lines[2]).toContain('visible');
});

describe('a log line for a person', () => {
  const readable = readableLines({ colorize: false });

  test('has the time, the level, the thread, the message and the fields', () => {
    const { lines, logger } = recordingLogger({ name: 'worker 3' });
    logger.warn({ connections: 7 }, 'nearly full');
    expect(readable(lines[0] ?? '')).toMatch(
      /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN \(worker 3\): nearly full \{"connections":7\}\n$/,
    );
  });

  test.each(['err', 'error'])('is followed by the stack of its field %s, with the cause', (field) => {
    const { lines, logger } = recordingLogger();
    const failure = new TypeError('wrong', { cause: new Error('the reason') });
    logger.error({ [field]: failure }, 'failed');
    const text = readable(lines[0] ?? '');
    expect(text).toMatch(/ERROR \(server\): failed/);
    expect(text).toMatch(/TypeError: wrong\n\s+at /);
    expect(text).toMatch(/caused by: Error: the reason\n\s+at /);
  });
});

describe('a thread that ends right after logging loses no line', () => {
  const numbers = Array.from({ length: 500 }, (_, index) => index + 1);

  test('if standard output is a pipe, and writes JSON', async () => {
    const { stdout } = await runTool(process.execPath, [DYING_THREAD]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).line)).toEqual(numbers);
  });

  test.runIf(process.platform === 'linux')(
    'where standard output is a terminal, and writes for a person',
    async (context) => {
      const script = needTool(context, 'script');
      const command = `'${process.execPath}' '${DYING_THREAD}'`;
      const { stdout } = await runTool(script, ['--quiet', '--flush', '--command', command, '/dev/null']);
      const found = stdout.matchAll(/INFO.* \(worker 1\): .*last words.*\{"line":(\d+)\}/g);
      expect([...found].map(([, number]) => Number(number))).toEqual(numbers);
    },
  );
});

test('pino-pretty is not loaded if standard output is not a terminal', async () => {
  const log = new URL('../../src/platform/log.ts', import.meta.url).href;
  const program = `
    const { createLogger } = await import(${JSON.stringify(log)});
    createLogger({ level: 'info', name: 'server' });
    const { createRequire } = await import('node:module');
    console.log(Object.keys(createRequire(${JSON.stringify(log)}).cache).join('\\n'));`;
  const { stdout } = await runTool(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout).toMatch(/node_modules\/pino\//);
  expect(stdout).not.toContain('pino-pretty');
});
