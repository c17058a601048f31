import { expect, test } from 'vitest';
import { RepeatedErrors } from '../../../src/platform/log-output/repeated-errors.ts';

function recorded() {
  const lines: Record<string, unknown>[] = [];
  const errors = new RepeatedErrors((line) => lines.push(JSON.parse(line)));
  return { lines, errors };
}

test('an error is written at once, and its repetitions once in each period', () => {
  const { lines, errors } = recorded();
  for (let number = 1; number <= 5; number++) errors.take(`{"number":${number}}\n`, 'same');
  errors.take('{"number":6}\n', 'other');
  expect(lines).toEqual([{ number: 1 }, { number: 6 }]);
  errors.endPeriod();
  expect(lines.slice(2)).toEqual([{ number: 5, repeated: 4 }]);
});

test('an error that has not come for a period is written at once when it comes again', () => {
  const { lines, errors } = recorded();
  errors.take('{"number":1}\n', 'same');
  errors.endPeriod();
  errors.take('{"number":2}\n', 'same');
  expect(lines).toEqual([{ number: 1 }, { number: 2 }]);
  errors.endPeriod();
});

test('of many different errors none is lost', () => {
  const { lines, errors } = recorded();
  errors.take('{"error":"early"}\n', 'early');
  errors.take('{"error":"early"}\n', 'early');
  for (let number = 0; number < 300; number++) errors.take(`{"error":${number}}\n`, `${number}`);
  expect(lines).toContainEqual({ error: 'early', repeated: 1 });
  expect(lines).toHaveLength(302);
  errors.endPeriod();
});
