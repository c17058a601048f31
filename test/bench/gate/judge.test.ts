import { expect, test } from 'vitest';
import { figures, merged, skipped } from '../../../bench/gate/deterministic/figures.ts';
import { compareFigures, judgeFigures } from '../../../bench/gate/deterministic/judge.ts';
import type { FigurePromise } from '../../../bench/gate/deterministic/promises.ts';

const CALLS: FigurePromise = {
  figure: 'calls.alone',
  title: 'calls',
  unit: 'calls',
  group: 'request',
  atMost: 2,
  because: 'two are enough',
  tolerance: 1.1,
};

const outcomes = (checks: readonly { readonly outcome: string }[]) => checks.map(({ outcome }) => outcome);

test('a figure within its limit passes, and one beyond it fails', () => {
  expect(judgeFigures([CALLS], figures([['calls.alone', 2]]))).toMatchObject([
    { outcome: 'pass', found: '2 calls', promise: 'at most 2 calls', data: { value: 2, limit: 2 } },
  ]);
  expect(outcomes(judgeFigures([CALLS], figures([['calls.alone', 2.1]])))).toEqual(['fail']);
});

test('a limit can be a multiple of another figure', () => {
  const promise = { ...CALLS, atMost: { times: 2, of: 'bytes' } };
  const judge = (calls: number) =>
    outcomes(
      judgeFigures(
        [promise],
        figures([
          ['calls.alone', calls],
          ['bytes', 10],
        ]),
      ),
    );
  expect(judge(20)).toEqual(['pass']);
  expect(judge(21)).toEqual(['fail']);
});

test('what could not be measured is skipped with the reason', () => {
  const missing = merged([figures([['other', 1]]), skipped('calls.', 'valgrind is not installed')]);
  expect(judgeFigures([CALLS], missing)).toMatchObject([
    { outcome: 'skipped', found: 'valgrind is not installed' },
  ]);
});

test('a limit that is known for another architecture only is not applied', () => {
  const promise = { ...CALLS, only: 'x64' as const };
  const far = figures([['calls.alone', 99]]);
  expect(outcomes(judgeFigures([promise], far, 'arm64'))).toEqual(['skipped']);
  expect(outcomes(judgeFigures([promise], far, 'x64'))).toEqual(['fail']);
});

test('beside another commit, a figure may be greater by its tolerance', () => {
  const beside = (here: number, base: number) =>
    outcomes(
      compareFigures([CALLS], figures([['calls.alone', here]]), figures([['calls.alone', base]]), 'main'),
    );
  expect(beside(109, 100)).toEqual(['pass']);
  expect(beside(112, 100)).toEqual(['fail']);
  expect(beside(50, 100)).toEqual(['pass']);
  expect(outcomes(compareFigures([CALLS], figures([['calls.alone', 1]]), figures([]), 'main'))).toEqual([
    'skipped',
  ]);
});
