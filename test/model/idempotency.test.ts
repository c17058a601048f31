import { describe, expect, test } from 'vitest';
import { check } from './checker.ts';
import { type KeyBug, type KeyOptions, keyModel } from './idempotency/model.ts';

describe('requests with one key, in every interleaving of 2 workers', () => {
  test.each<[string, KeyOptions]>([
    ['nobody dies', {}],
    ['workers die at any step', { deaths: 2 }],
    ['slow workers are believed dead, and wake up at any step', { suspicions: 3 }],
    ['VMs are taken back', { suspicions: 2, refusals: 2 }],
    ['all of it', { deaths: 1, suspicions: 2, refusals: 1 }],
  ])('%s: one VM is made, and all clients are told of it', (_, options) => {
    const { violation, states, restStates } = check(keyModel(options));
    expect(violation?.trace).toBeUndefined();
    expect(states).toBeGreaterThan(10);
    expect(restStates).toBeGreaterThan(0);
  });

  test.each<[KeyBug, string]>([
    ['the id of a plan is not blocked', 'two clients were told of two VMs'],
    ['a VM that was found is not kept', 'a VM is gone that nobody has deleted'],
    ['who takes over trusts the plan that it has read before', 'two clients were told of two VMs'],
    ['a plan is changed by any attempt', 'two clients were told of two VMs'],
    ['a VM that is made and deleted in between is not noticed', 'two clients were told of two VMs'],
    ['the answer is given before the operation is stored', 'a client was told of a VM that is not made'],
  ])('finds the planted bug: %s', (bug, message) => {
    const { violation } = check(keyModel({ bug, deaths: 1, suspicions: 2, refusals: 1 }));
    expect(violation?.message).toBe(message);
  });
});
