/** The stages of both cores as tables in Markdown, for the command and for the report. */
import type { CoreStages } from '../laboratory/results.ts';
import { paragraphs, table } from '../report/markdown.ts';
import { percent, ratio, ratioWithInterval, significant } from '../report/numbers.ts';

export function coreStagesTables({ stages, start, requests }: CoreStages): string {
  return paragraphs(
    table([
      ['stage', 'bytes', 'WebAssembly, ns', 'JavaScript, ns', 'JavaScript ÷ WebAssembly'],
      ...stages.map(({ stage, name, bytes, wasmNanoseconds, jsNanoseconds, gain }) => [
        `${stage}: ${name}`,
        significant(bytes),
        significant(wasmNanoseconds.median),
        significant(jsNanoseconds.median),
        ratioWithInterval(gain),
      ]),
    ]),
    requests.length === 0 ? '' : requestTable(requests),
    table([
      ['start of a core', 'WebAssembly', 'JavaScript'],
      [
        'until its first answer, µs',
        significant(start.wasmMicroseconds.median),
        significant(start.jsMicroseconds.median),
      ],
      ['module, bytes', significant(start.moduleBytes), 'none'],
    ]),
  );
}

function requestTable(requests: CoreStages['requests']): string {
  return table([
    [
      'whole request',
      'WebAssembly, µs CPU',
      'JavaScript, µs CPU',
      'share of parse and match',
      'gain by Amdahl',
      'gain measured',
    ],
    ...requests.map((one) => [
      `${one.name}, ${one.workers} ${one.workers === 1 ? 'worker' : 'workers'}`,
      significant(one.wasmMicroseconds.median),
      significant(one.jsMicroseconds.median),
      percent(one.share),
      ratio(one.predictedGain),
      ratioWithInterval(one.measuredGain),
    ]),
  ]);
}
