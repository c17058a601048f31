/**
 * Compares the requests that this server accepts, and their framing, with llhttp. They agree except for a
 * list of explained cases.
 */

import { describe, expect, it } from 'vitest';
import { Arena } from '../fuzz/arena.ts';
import { Llhttp } from '../fuzz/llhttp.ts';
import { compareWithLlhttp } from '../fuzz/llhttp-comparison.ts';
import { unexplained } from '../fuzz/llhttp-explained.ts';
import { loadCases } from './case.ts';
import { LLHTTP_DISAGREEMENTS } from './llhttp-disagreements.ts';

describe('this server and llhttp', () => {
  const arena = new Arena();
  const llhttp = new Llhttp();

  it.each(arena.cores)(
    'agree on every conformance case, except for explained differences ($kind)',
    (core) => {
      const surprises = loadCases().flatMap(({ id, raw }) => {
        const disagreement = compareWithLlhttp(arena, core, llhttp, Buffer.from(raw, 'latin1'));
        const problem = disagreement && unexplained(disagreement);
        return problem === undefined ? [] : [`${id}: ${problem}`];
      });
      expect(surprises).toEqual([]);
    },
  );

  it.each(LLHTTP_DISAGREEMENTS)('still disagree as explained: $name', ({ name, example, only }) => {
    const disagreement = compareWithLlhttp(arena, arena.wasm, llhttp, Buffer.from(example, 'latin1'));
    expect(disagreement?.name).toBe(name);
    if (only !== undefined) expect(disagreement?.accepted).toMatch(only);
  });
});
