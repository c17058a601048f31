/** The verdict for programs. */
import { availableParallelism, cpus } from 'node:os';
import type { Verdict } from '../check.ts';

/** Raised whenever a reader of older files would misunderstand a newer one. */
export const FORMAT = 1;

export function toJson(verdict: Verdict): string {
  const { node, v8 } = process.versions;
  const machine = {
    platform: process.platform,
    architecture: process.arch,
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    node,
    v8,
  };
  const { outcome, checks } = verdict;
  return `${JSON.stringify({ format: FORMAT, outcome, machine, checks }, null, 2)}\n`;
}
