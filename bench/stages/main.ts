/**
 * `npm run bench -- stages`: what the WebAssembly core gains or loses against the JavaScript core in each
 * stage of a request, and what is left of that in whole requests.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type CoreStages, readResults } from '../laboratory/results.ts';
import { describeOptions, type NumberOption, readOptions } from '../options.ts';
import { measureCoreStages, USUAL_CORE_STAGES } from './measure.ts';
import { coreStagesTables } from './tables.ts';

const USUAL = USUAL_CORE_STAGES;
const OPTIONS = {
  rounds: { fallback: USUAL.rounds, least: 1, most: 1_000, about: 'rounds, each with both cores' },
  milliseconds: {
    fallback: USUAL.milliseconds,
    least: 1,
    most: 1_000,
    about: 'milliseconds of each batch of a stage',
  },
  seconds: {
    fallback: USUAL.seconds,
    least: 0,
    most: 600,
    about: 'seconds of load in each round. 0: stages alone',
  },
  connections: { fallback: USUAL.connections, least: 1, most: 1_000, about: 'connections of the load' },
} as const satisfies Record<string, NumberOption>;

const INTO = '--into=';

export async function run(parameters: readonly string[]): Promise<void> {
  const into = parameters.find((parameter) => parameter.startsWith(INTO))?.slice(INTO.length);
  const { numbers, json, help } = readOptions(
    parameters.filter((parameter) => !parameter.startsWith(INTO)),
    OPTIONS,
  );
  if (help) {
    process.stdout.write(
      `${describeOptions(OPTIONS)}  ${INTO}FILE   adds the section to a file of results\n`,
    );
    return;
  }
  const coreStages = await measureCoreStages(numbers, (text) => process.stderr.write(`${text}\n`));
  if (into !== undefined) addTo(into, coreStages);
  process.stdout.write(
    json ? `${JSON.stringify(coreStages, null, 2)}\n` : `${coreStagesTables(coreStages)}\n`,
  );
}

/** @throws ResultsError if that is no file of results */
function addTo(file: string, coreStages: CoreStages): void {
  const results = readResults(readFileSync(file, 'utf8'));
  writeFileSync(file, `${JSON.stringify({ ...results, coreStages }, null, 1)}\n`);
}
