/** What the WebAssembly core gains in each stage of a request, and what is left of that in the whole. */
import { coreStagesTables } from '../../stages/tables.ts';
import type { Section } from '../section.ts';

/** As explanations.md can name it: `small, 16 pipelined, 8` is `small-16-pipelined-8`. */
function keyOf(name: string): string {
  return name.replaceAll(/[^\w]+/g, '-');
}

export const coreStages: Section = {
  name: 'core-stages',
  title: 'WebAssembly against JavaScript, by stage',
  content({ coreStages: found }) {
    if (found === undefined) return undefined;
    const { stages, requests, start, turns, boundary } = found;
    return {
      charts: [],
      markdown: coreStagesTables(found),
      data: {
        stages: Object.fromEntries(stages.map((one) => [keyOf(one.name), one])),
        requests: Object.fromEntries(requests.map((one) => [keyOf(`${one.name}, ${one.workers}`), one])),
        start,
        turns: Object.fromEntries((turns ?? []).map((one) => [keyOf(one.name), one])),
        boundary: boundary && {
          ...boundary,
          decode: Object.fromEntries(boundary.decode.map((one) => [keyOf(one.name), one])),
        },
      },
    };
  },
};
