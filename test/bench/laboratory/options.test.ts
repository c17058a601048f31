import { expect, test } from 'vitest';
import { readLaboratoryOptions } from '../../../bench/laboratory/options.ts';

test('a whole run times the stages of requests too', () => {
  expect(readLaboratoryOptions([])?.latency).toBe(true);
});

test('a quick run and one of some scenarios do not', () => {
  expect(readLaboratoryOptions(['--quick'])?.latency).toBe(false);
  expect(readLaboratoryOptions(['health'])?.latency).toBe(false);
});
