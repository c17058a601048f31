/** A checkout of the repository that can be measured: this one, or another commit beside it. */
import { join } from 'node:path';
import { BUNDLE } from '../arms/arm.ts';

/** Of this checkout. */
export const ROOT = join(import.meta.dirname, '../..');

export interface Tree {
  /** For reports. */
  readonly name: string;
  readonly root: string;
  /** What starts its server, from the root: the bundle, or in tests the sources. */
  readonly entry: string;
}

export const THIS_TREE: Tree = { name: 'this tree', root: ROOT, entry: BUNDLE };
