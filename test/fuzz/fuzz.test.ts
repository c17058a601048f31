/** The fuzzer for a fixed number of inputs, from seeds of its own: what `npm run fuzz` does for longer. */

import { describe, expect, it } from 'vitest';
import { effort, freshSeed } from '../support/effort.ts';
import { Fuzzer } from './fuzzer.ts';

const INPUTS = effort(6000, 60_000);

describe('the fuzzer', () => {
  it.each([1, 20_260, freshSeed('the fuzzer')])('finds no fault from seed %i', (seed) => {
    const fuzzer = new Fuzzer(seed);
    fuzzer.run(INPUTS);
    expect(
      fuzzer.found.map(({ finding, input }) => [finding.message, Buffer.from(input).toString('latin1')]),
    ).toEqual([]);
    expect(fuzzer.executions).toBe(INPUTS);
  });

  it('makes the same inputs from the same seed', () => {
    const parses = [9, 9].map((seed) => {
      const fuzzer = new Fuzzer(seed);
      fuzzer.run(300);
      return fuzzer.parses;
    });
    expect(parses[0]).toBe(parses[1]);
  });
});
