import { expect, test } from 'vitest';
import { readLaboratoryOptions } from '../../../bench/laboratory/options.ts';

test('a whole run times the stages of requests too', () => {
  expect(readLaboratoryOptions([])?.latency).toBe(true);
});

test('scenarios that are named have two minutes each', () => {
  const minutesOf = (...parameters: string[]) => readLaboratoryOptions(parameters)?.minutes ?? 0;
  expect(minutesOf('health', 'vm-read')).toBe(4);
  expect(minutesOf('health', '--minutes', '7')).toBe(7);
});

test('a quick run and one of some scenarios do not', () => {
  expect(readLaboratoryOptions(['--quick'])?.latency).toBe(false);
  expect(readLaboratoryOptions(['health'])?.latency).toBe(false);
});
