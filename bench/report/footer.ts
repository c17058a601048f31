/** The line below every chart: a number means nothing without its machine, commit and date. */
import type { Run } from '../laboratory/results.ts';

export function footerOf(run: Run): string {
  const { machine } = run;
  return [
    `${machine.cores} × ${machine.cpuModel.replace(/\s+/g, ' ').trim()}`,
    `${machine.platform} ${machine.kernel}`,
    `Node.js ${machine.node}`,
    commitOf(run),
    dateOf(run),
  ].join(' · ');
}

export function commitOf({ commit, dirty, version }: Run): string {
  if (commit === undefined) return `version ${version}`;
  return `commit ${commit.slice(0, 10)}${dirty ? ' with changes' : ''}`;
}

/** 2026-11-28 */
export function dateOf({ startedAt }: Run): string {
  return startedAt.slice(0, 10);
}
