/** What stands before and after the sections: what was measured, how to repeat it, and how to read it. */
import type { Run } from '../laboratory/results.ts';
import { escapeMarkdown } from './escape.ts';
import { commitOf, dateOf } from './footer.ts';
import { paragraphs, textTable } from './markdown.ts';
import { grouped, short } from './numbers.ts';
import { roundsOf } from './rounds.ts';

export function introduction(run: Run): string {
  return paragraphs(
    '# Measurements',
    escapeMarkdown(
      `Measured on ${dateOf(run)} from ${commitOf(run)} (version ${run.version}): ${roundsOf(run)} for each server, in an order that changes from round to round.`,
    ),
    machineTable(run),
    'Every number and every sentence with one is computed from the run, by `npm run bench:report`.',
  );
}

function machineTable({ machine }: Run): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return textTable([
    ['machine', ''],
    ['processor', `${machine.cores} × ${machine.cpuModel}`],
    ['memory', `${grouped(machine.memoryMb)} MB`],
    ['system', `${machine.platform} ${machine.kernel}, ${machine.architecture}`],
    ...(machine.governor === undefined ? [] : [['frequency governor', machine.governor]]),
    ['load before the first block', short(machine.loadAverage)],
    ['Node.js', `${machine.node}, V8 ${machine.v8}`],
    ['took part', versions.join(', ')],
  ]);
}

export function repetition({ command, latency, finishedAt }: Run): string {
  const wasAddedLater = latency !== undefined && latency.startedAt > finishedAt;
  const commands = [
    'npm ci',
    command.replace(/\s+/g, ' '),
    ...(wasAddedLater ? ['npm run bench -- latency --into=FILE'] : []),
    'npm run bench:report',
  ];
  return paragraphs(
    '## How to repeat it',
    commands.map((line) => `    ${line}`).join('\n'),
    'The second command keeps every round in a file, and says in which. The last one makes this report from the ' +
      'newest such file, or from the one that is named after `--`.',
    '## How to read it',
    READING,
  );
}

const READING = `- **Ratios before values.** All servers ran on one machine, in turns. What disturbed it disturbed all of
  them, so ratios can be compared between machines. Requests per second cannot.
- **Intervals.** Values are medians of the rounds. In parentheses, behind ±, and as lines in the charts is the
  bootstrap 95 % confidence interval of the median.
- **CPU time** is that of all processes of a server, user and system. It says what a request costs even where the
  load generator was the limit.
- **"limit" in the column of the load generator:** it used at least 0.9 of a core, so the server may be faster than
  shown. CPU time and ratios of CPU time still hold.
- **"only N/s" at a fixed rate, or "too slow":** the server did not follow the rate. Its latencies grow with the
  time for which one measures.
- **Memory** is the proportional set size: pages that processes share are counted once.`;
