/** Instructions for one parse, look-up, response and check of a token. */
import { join } from 'node:path';
import { ScratchDirectory } from '../../../processes/scratch-directory.ts';
import type { Tree } from '../../tree.ts';
import { type Figures, figures, skipped } from '../figures.ts';
import { bundleProbe } from './bundle-probe.ts';
import { countBetweenMarks, whyNoValgrind } from './callgrind.ts';
import { GROUPS, type Measurement, ROUNDS } from './measurements.ts';

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
  const counts = await Promise.all(
    Object.entries(GROUPS).map(async ([name, group]) =>
      perOperation(group, await countBetweenMarks(probe, [name])),
    ),
  );
  const values = new Map(counts.flat());
  for (const core of ['wasm', 'js']) {
    const all = values.get(`parse-100-paths.${core}`);
    const none = values.get(`parse-100-paths-no-routes.${core}`);
    if (all !== undefined && none !== undefined) values.set(`match.${core}`, (all - none) / PATHS);
  }
  return figures([...values].map(([name, count]) => [PREFIX + name, count]));
}

/**
 * The least of the rounds, since compiling and collecting garbage only ever add. What an operation allocates
 * is counted by itself (../seams).
 */
function perOperation(group: readonly Measurement[], counts: readonly number[]): [string, number][] {
  const marks = group.length * (ROUNDS + 1) - 1;
  if (counts.length !== marks) throw new Error(`valgrind has seen ${counts.length} rounds, not ${marks}`);
  return group.map(({ operation, times }, index) => {
    const first = index * (ROUNDS + 1);
    return [operation, Math.min(...counts.slice(first, first + ROUNDS)) / times];
  });
}
