/** How many workers the command starts under a memory limit, as a container sets it. */
import { expect, test, vi } from 'vitest';
import { fitWorkers } from '../../src/command/memory-limit.ts';

const MB = 1_048_576;

test.each([
  ['without a limit', 0],
  ['with enough memory', 384 * MB],
  ['with the limit of a system that has none', Number.MAX_SAFE_INTEGER],
])('all workers are started %s', (_title, limit) => {
  const warn = vi.fn();
  expect(fitWorkers(8, limit, { warn })).toBe(8);
  expect(warn).not.toHaveBeenCalled();
});

test.each([
  [256, 4],
  [128, 1],
  [104, 1],
])('with %i MB, %i of 8 workers are started, and the log warns', (limitMb, workers) => {
  const warn = vi.fn();
  expect(fitWorkers(8, limitMb * MB, { warn })).toBe(workers);
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { wanted: 8, workers, limitMb },
    expect.stringContaining(`WORKERS is lowered to ${workers}: the process may use ${limitMb} MB`),
  );
});

test('with less than one worker needs, the start is refused in one sentence', () => {
  expect(() => fitWorkers(1, 103 * MB, { warn: vi.fn() })).toThrow(
    'the process may use 103 MB of memory, and with one worker it needs 104 MB',
  );
});
