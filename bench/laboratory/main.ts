/** `npm run bench`: reads the command line, runs the laboratory and prints what it found. */
import { measureLatency, USUAL_LATENCY } from '../latency/measure.ts';
import { measureCoreStages, USUAL_CORE_STAGES } from '../stages/measure.ts';
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
  const finished = await runLaboratory({
    ...options,
    command,
    progress,
    ...(options.latency && {
      measureLatency: () => measureLatency(USUAL_LATENCY, note),
      measureCoreStages: () => measureCoreStages(USUAL_CORE_STAGES, note),
    }),
  });
  const { run: results, file } = finished;
  progress.note(`every round is in ${file}`);
  if (options.json) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
  else process.stdout.write(`${describeRun(results)}\n\n${results.scenarios.map(scenarioTable).join('\n')}`);
  if (options.report) await (await import('../report/command.ts')).run([file]);
  const failed = results.scenarios.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0) throw new Error(`failed: ${failed.map(({ name }) => name).join(', ')}`);
}
