import { describe, expect, test } from 'vitest';
import { check, type Model, type Step } from './checker.ts';

/** Two threads that each read a counter and then store what they read plus one. */
interface Counting {
  readonly counter: number;
  /** Per thread: -1 before the read, then what was read, then 9: done. */
  readonly read: readonly number[];
}

function counting(atomically: boolean): Model<Counting> {
  return {
    initial: { counter: 0, read: [-1, -1] },
    *steps({ counter, read }): Generator<Step<Counting>> {
      for (const [thread, value] of read.entries()) {
        if (value === -1 && atomically) {
          yield { what: `thread ${thread} adds`, next: { counter: counter + 1, read: read.with(thread, 9) } };
        } else if (value === -1) {
          yield {
            what: `thread ${thread} reads ${counter}`,
            next: { counter, read: read.with(thread, counter) },
          };
        } else if (value !== 9) {
          yield { what: `thread ${thread} stores`, next: { counter: value + 1, read: read.with(thread, 9) } };
        }
      }
    },
    fault: () => undefined,
    unrest: ({ counter }) => (counter === 2 ? undefined : `the counter is ${counter}`),
    key: (state) => JSON.stringify(state),
    show: ({ counter }) => `counter=${counter}`,
  };
}

describe('the model checker', () => {
  test('visits every interleaving', () => {
    expect(check(counting(true))).toEqual({ states: 4, steps: 4, restStates: 1, violation: undefined });
  });

  test('finds the lost update and tells the shortest way to it', () => {
    const { violation } = check(counting(false));
    expect(violation?.message).toBe('nobody can move, but the counter is 1');
    expect(violation?.trace.split('\n')).toHaveLength(6);
    expect(violation?.trace).toContain('thread 1 reads 0');
  });

  test('finds a state with a fault', () => {
    const model = {
      ...counting(true),
      fault: ({ counter }: Counting) => (counter === 2 ? 'two' : undefined),
    };
    expect(check(model).violation?.message).toBe('two');
  });

  test('finds threads that run in circles', () => {
    const spinning: Model<number> = {
      initial: 0,
      *steps(state) {
        if (state < 2) yield { what: 'stop', next: 2 };
        if (state === 0) yield { what: 'spin', next: 3 };
        if (state >= 3) yield { what: 'spin on', next: state === 3 ? 4 : 3 };
      },
      fault: () => undefined,
      unrest: () => undefined,
      key: String,
      show: String,
    };
    expect(check(spinning).violation?.message).toBe('from here on nobody ever comes to rest');
  });

  test('refuses a model that is larger than it was meant to be', () => {
    expect(() => check(counting(false), 5)).toThrow('more than 5 states');
  });
});
