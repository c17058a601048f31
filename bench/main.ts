/**
 * `npm run bench`: the laboratory, with all its scenarios or those that are named (laboratory/main.ts). A few
 * names are benchmarks of another kind. Those are modules of this folder that export `run(parameters)`.
 */
import { isUsageError } from './usage-error.ts';

interface Benchmark {
  /** Resolves when it has printed its result. @throws Error with a message for a person when there is none */
  run(parameters: readonly string[]): Promise<void>;
}

const OTHERS: Readonly<Record<string, { readonly about: string; load(): Promise<Benchmark> }>> = {
  faults: {
    about: 'what one bad handler, client or deployment does to the others, beside earlier figures',
    load: () => import('./faults.ts'),
  },
  'front-door': {
    about: 'what clients can do to the accounts of others, and what filters cost, beside earlier figures',
    load: () => import('./front-door/main.ts'),
  },
  latency: {
    about: 'where the time of a request goes, throughput and memory, beside the figures of the C++ design',
    load: () => import('./latency/main.ts'),
  },
  stages: {
    about: 'WebAssembly core against JavaScript core by stage, and what that makes of whole requests',
    load: () => import('./stages/main.ts'),
  },
  gate: {
    about: 'the promises that continuous integration holds, also as npm run bench:gate',
    load: () => import('./gate/main.ts'),
  },
  report: {
    about: 'the report of a run: Markdown, JSON and charts, in bench/results',
    load: () => import('./report/command.ts'),
  },
  parse: { about: 'the HTTP parsers, in nanoseconds a request', load: () => import('./parse.ts') },
  match: { about: 'the route matchers, in nanoseconds a look-up', load: () => import('./match.ts') },
};

async function main(): Promise<void> {
  const parameters = process.argv.slice(2);
  const [name = ''] = parameters;
  const other = OTHERS[name];
  if (other !== undefined) {
    await (await other.load()).run(parameters.slice(1));
    return;
  }
  const { run } = await import('./laboratory/main.ts');
  await run(parameters);
  if (parameters.includes('--help')) process.stdout.write(describeOthers());
}

function describeOthers(): string {
  const lines = Object.entries(OTHERS).map(([name, { about }]) => `  ${name.padEnd(22)} ${about}`);
  return ['npm run bench -- NAME [options], of another kind', '', ...lines, ''].join('\n');
}

// Each process that was started has an exit handler that stops it, see processes/managed-process.ts.
process.once('SIGHUP', () => process.exit(129));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  await main();
} catch (error) {
  const text = isUsageError(error) ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
