import { describe, expect, test } from 'vitest';
import { check } from './checker.ts';
import { ownershipModel } from './ownership/model.ts';
import type { OwnershipBug, OwnershipOptions } from './ownership/state.ts';

describe('the ownership of connections in every interleaving of main and 2 workers', () => {
  test.each<[string, OwnershipOptions]>([
    ['two clients, one of which sends ahead', { requests: [2, 1], numbers: 2 }],
    ['three clients for two numbers, one goes away', { requests: [1, 1, 1], numbers: 2, departures: 1 }],
    [
      'two clients for one number, one goes away, a worker dies',
      { requests: [2, 1], numbers: 1, departures: 1, deaths: 1 },
    ],
    ['two clients, one goes away, a worker dies', { requests: [1, 1], numbers: 2, departures: 1, deaths: 1 }],
    ['a client that sends ahead, two workers die', { requests: [2], numbers: 1, deaths: 2 }],
    ['two clients, main answers or refuses one', { requests: [2, 1], numbers: 2, refusals: 1 }],
    ['a client that sends ahead, main answers or refuses two', { requests: [3], numbers: 1, refusals: 2 }],
    ['three clients for one number, main refuses two', { requests: [1, 1, 1], numbers: 1, refusals: 2 }],
    [
      'two clients for one number, main refuses one, one goes away, a worker dies',
      { requests: [2, 1], numbers: 1, refusals: 1, departures: 1, deaths: 1 },
    ],
    [
      'two clients, main refuses one, a worker dies',
      { requests: [1, 1], numbers: 2, refusals: 1, deaths: 1 },
    ],
    [
      'two clients for one number, main refuses one, two workers die',
      { requests: [1, 1], numbers: 1, refusals: 1, deaths: 2 },
    ],
  ])('%s: answers in order, each once, and everything comes to rest', (_, options) => {
    const { violation, states, restStates } = check(ownershipModel(options));
    expect(violation?.trace).toBeUndefined();
    expect(states).toBeGreaterThan(1_000);
    expect(restStates).toBeGreaterThan(0);
  });

  test.each<[OwnershipBug, OwnershipOptions, string]>([
    [
      'the worker gives the connection back itself',
      { requests: [2], numbers: 1 },
      'client 0 gets the answer to request 2 after that to request 0',
    ],
    [
      'the number is reused before its queue entry was popped',
      { requests: [1, 1], numbers: 1, departures: 1 },
      'number 0 is free, and its entry stands in the queue',
    ],
    [
      'the claim is written after the head has moved',
      { requests: [1], numbers: 1, deaths: 1 },
      'nobody can move, but client 0 has 0 answers to 1 requests',
    ],
    [
      'a death is decided about by a later position',
      { requests: [2], numbers: 1, deaths: 1 },
      'number 0 stands in the queue and is running',
    ],
    [
      'a request is done before its answer is published',
      { requests: [1], numbers: 1, deaths: 1 },
      'request 1 of client 0 is run twice',
    ],
    [
      'main refuses without a compare-and-swap',
      { requests: [1], numbers: 1, refusals: 1 },
      'request 1 of client 0 is run after it was refused',
    ],
    [
      'a refused number is given back before its queue entry was popped',
      { requests: [1], numbers: 1, refusals: 1 },
      'number 0 is free, and its entry stands in the queue',
    ],
  ])('finds the planted bug: %s', (bug, options, message) => {
    const { violation } = check(ownershipModel({ ...options, bug }));
    expect(violation?.message).toBe(message);
  });

  test('a counter-example lists the steps in plain words', () => {
    const bug = 'the number is reused before its queue entry was popped';
    const { violation } = check(ownershipModel({ bug, requests: [1], numbers: 1, departures: 1 }));
    const story = violation?.trace.split('\n').map((line) => line.slice(0, 58).trimEnd());
    expect(story).toEqual(
      [
        'number 0 is free, and its entry stands in the queue. This ',
        '   0',
        '   1  client 0 connects and gets number 0',
        '   2  client 0 sends request 1',
        '   3  main pushes number 0 at position 0',
        '   4  client 0 goes away',
      ].map((line) => line.trimEnd()),
    );
  });
});
