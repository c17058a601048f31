import { describe, expect, test } from 'vitest';
import { check } from './checker.ts';
import { type OperationBug, type OperationOptions, operationModel } from './operations/model.ts';

describe('the lease protocol of operations in every interleaving of 2 workers', () => {
  test.each<[string, OperationOptions]>([
    ['nobody dies', {}],
    ['a worker dies at any step', { deaths: 1 }],
    ['workers die again and again', { deaths: 4 }],
    ['slow workers are believed dead, and wake up at any step', { suspicions: 3 }],
    ['failures that pass', { failures: 3 }],
    ['all of it', { deaths: 2, suspicions: 2, failures: 2 }],
  ])('%s: one outcome counts, and the operation ends as its target did', (_, options) => {
    const { violation, states, restStates } = check(operationModel(options));
    expect(violation?.trace).toBeUndefined();
    expect(states).toBeGreaterThan(10);
    expect(restStates).toBeGreaterThan(0);
  });

  test.each<[OperationBug, string]>([
    ['the outcome is written by any attempt', 'an attempt that was superseded has written'],
    ['the operation ends before its target', 'it has ended before its effect is seen'],
    ['an operation that was never stored is forgotten', 'nobody can move, but the target waits for ever'],
    [
      'an outcome that was written is produced again',
      'the provider is called although the outcome is written',
    ],
    ['a failure is not noted before it is written', 'it has ended in another way'],
    ['a noted failure is not taken back', 'it has ended in another way'],
  ])('finds the planted bug: %s', (bug, message) => {
    const { violation } = check(operationModel({ bug, deaths: 2, suspicions: 2 }));
    expect(violation?.message).toBe(message);
  });
});
