/** Everything about a tree that can be counted. */
import type { Tree } from '../tree.ts';
import { type Figures, merged } from './figures.ts';
import { countInstructions } from './instructions/instructions.ts';
import { measureModule } from './module.ts';
import { countPerRequest } from './per-request/per-request.ts';

/** One after the other: the server is to be disturbed as little as may be. */
export async function measureFigures(tree: Tree, progress: (line: string) => void): Promise<Figures> {
  const module = measureModule(tree);
  progress(`counting calls, copies and allocations of ${tree.name}`);
  const perRequest = await countPerRequest(tree);
  progress(`counting instructions of ${tree.name}`);
  return merged([module, perRequest, await countInstructions(tree)]);
}
