/** Instructions for one parse, look-up, response and check of a token. */
import { join } from 'node:path';
import { ScratchDirectory } from '../../../processes/scratch-directory.ts';
import type { Tree } from '../../tree.ts';
import { type Figures, figures, merged, skipped } from '../figures.ts';
import { bundleProbe } from './bundle-probe.ts';
import { countBetweenMarks, whyNoValgrind } from './callgrind.ts';
import { GROUPS, type Measurement, ROUNDS, SERIES, SETTLED } from './measurements.ts';

const PREFIX = 'instructions.';
/** Look-ups in a `parse-100-paths`. */
const PATHS = 100;

export async function countInstructions(tree: Tree): Promise<Figures> {
  const why = whyNoValgrind();
  if (why !== undefined) return skipped(PREFIX, why);
  using directory = new ScratchDirectory();
  const probe = join(directory.path, 'probe.mjs');
  try {
    await bundleProbe(tree, probe);
  } catch {
    return skipped(PREFIX, `${tree.name} does not have all that is measured`);
  }
  // All at once: other load on the machine does not change a count.
  const found = await Promise.all(
    Object.entries(GROUPS).map(async ([name, group]) =>
      settledCounts(group, await countBetweenMarks(probe, [name])),
    ),
  );
  return merged(found.map(withMatches));
}

/**
 * Look-ups are what routes add to a parse. Each core has a process of its own, and so both of its figures.
 */
function withMatches(found: Figures): Figures {
  const values = new Map(found.values);
  for (const core of ['wasm', 'js']) {
    const all = values.get(`${PREFIX}parse-100-paths.${core}`);
    const none = values.get(`${PREFIX}parse-100-paths-no-routes.${core}`);
    if (all !== undefined && none !== undefined) values.set(`${PREFIX}match.${core}`, (all - none) / PATHS);
  }
  return { ...found, values };
}

/**
 * The least of the rounds of the last series, since compiling and collecting garbage only ever add. What an
 * operation allocates is counted by itself (../per-request). An operation whose series differ was counted
 * while V8 was still optimising it. Such a count depends on how long the warm-up was, so it is none.
 *
 * @param counts between the marks of the probe (probe.ts)
 */
export function settledCounts(group: readonly Measurement[], counts: readonly number[]): Figures {
  const marks = group.length * SERIES * (ROUNDS + 1) - 1;
  if (counts.length !== marks) throw new Error(`valgrind has seen ${counts.length} rounds, not ${marks}`);
  return merged(
    group.map(({ operation, times, settled = SETTLED }, index) => {
      const series = Array.from({ length: SERIES }, (_, number) => {
        const first = (index * SERIES + number) * (ROUNDS + 1);
        return Math.min(...counts.slice(first, first + ROUNDS)) / times;
      });
      const [before = 0, last = 0] = series.slice(-2);
      if (Math.abs(before / last - 1) <= settled) return figures([[PREFIX + operation, last]]);
      return skipped(
        PREFIX + operation,
        `V8 was still optimising it: ${before.toFixed(0)} instructions, then ${last.toFixed(0)}`,
      );
    }),
  );
}
