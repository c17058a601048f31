/** `npm run bench`: reads the command line, runs the laboratory and prints what it found. */
import { measureLatency } from '../latency/measure.ts';
import { measureCoreStages } from '../stages/measure.ts';
import { afterwards } from './afterwards.ts';
import { describeLaboratory, readLaboratoryOptions } from './options.ts';
import { Progress } from './progress.ts';
import { runLaboratory } from './run.ts';
import { describeRun, scenarioTable } from './tables.ts';

/** @throws Error that says which scenarios have failed, after all others */
export async function run(parameters: readonly string[]): Promise<void> {
  const options = readLaboratoryOptions(parameters);
  if (options === undefined) {
    process.stdout.write(describeLaboratory());
    return;
  }
  const progress = new Progress(process.stderr);
  const command = ['npm run bench', ...(parameters.length > 0 ? ['--', ...parameters] : [])].join(' ');
  const note = (text: string) => progress.note(text);
  const { latency, coreStages, expectedSeconds } = afterwards(options.minutes);
  const finished = await runLaboratory({
    ...options,
    command,
    progress,
    ...(options.latency && {
      reservedSeconds: expectedSeconds,
      measureLatency: () => measureLatency(latency, note),
      measureCoreStages: () => measureCoreStages(coreStages, note),
    }),
  });
  const { run: results, file, failed } = finished;
  progress.note(`every round is in ${file}`);
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
  else process.stdout.write(`${describeRun(results)}\n\n${results.scenarios.map(scenarioTable).join('\n')}`);
  if (options.report) await (await import('../report/command.ts')).run([file]);
  if (failed.length > 0) throw new Error(`failed: ${failed.join(', ')}`);
}
