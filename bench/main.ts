/**
 * `npm run bench -- NAME [options]`: finds the benchmark of that name and runs it. A benchmark is a module of
 * this folder that exports `run(parameters)`. `--help` after its name lists its options.
 */
interface Benchmark {
  /** Resolves when it has printed its result. @throws Error with a message for a person when there is none */
  run(parameters: readonly string[]): Promise<void>;
}

const BENCHMARKS: Readonly<Record<string, { readonly about: string; load(): Promise<Benchmark> }>> = {
  health: {
    about: 'GET /health on this server and on Fastify, plain and pipelined, in interleaved rounds',
    load: () => import('./health.ts'),
  },
  isolation: {
    about: 'GET /health beside CPU-bound and waiting requests; the work of the main thread',
    load: () => import('./isolation.ts'),
  },
  overload: {
    about: 'goodput at twice the capacity, with clients that give up, and /health while no worker is free',
    load: () => import('./overload.ts'),
  },
  faults: {
    about: 'what one bad handler, client or deployment does to the others, beside earlier figures',
    load: () => import('./faults.ts'),
  },
  'front-door': {
    about: 'what clients can do to the accounts of others, and what filters cost, beside earlier figures',
    load: () => import('./front-door/main.ts'),
  },
  'vm-read': {
    about: 'GET /api/vms/:id from the database, on this server and on Fastify',
    load: () => import('./api/vm-read.ts'),
  },
  'vm-list': { about: 'GET /api/vms, the same way', load: () => import('./api/vm-list.ts') },
  'vm-create': { about: 'POST /api/vms, the same way', load: () => import('./api/vm-create.ts') },
  login: { about: 'POST /api/auth/login, the same way', load: () => import('./api/login.ts') },
  latency: {
    about: 'where the time of a request goes, throughput and memory, beside the figures of the C++ design',
    load: () => import('./latency/main.ts'),
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

function usage(): string {
  const lines = Object.entries(BENCHMARKS).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`);
  return ['npm run bench -- NAME [options]', '', ...lines, ''].join('\n');
}

async function main(): Promise<void> {
  const [name, ...parameters] = process.argv.slice(2);
  const benchmark = name === undefined ? undefined : BENCHMARKS[name];
  if (benchmark === undefined) {
    process.stderr.write(usage());
    process.exitCode = 2;
    return;
  }
  await (await benchmark.load()).run(parameters);
}

// Each process that was started has an exit handler that stops it, see managed-process.ts.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
