/** A run may have a scenario twice, with other numbers of connections. Then each needs its own name. */
import type { Run } from '../laboratory/results.ts';

/** The first of a name keeps it. */
export function withDistinctNames(run: Run): Run {
  const seen = new Set<string>();
  const scenarios = run.scenarios.map((scenario) => {
    const { name, connections } = scenario;
    if (!seen.has(name)) {
      seen.add(name);
      return scenario;
    }
    return { ...scenario, name: `${name}-on-${connections}` };
  });
  return { ...run, scenarios };
}
