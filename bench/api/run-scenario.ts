/**
 * Runs a benchmark of the API. It starts the database and the servers, makes sure that all answer alike,
 * measures them in interleaved rounds, and prints the report.
 */
import { randomBytes } from 'node:crypto';
import { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import { compare, type ServerMeasurements } from '../comparison.ts';
import type { LoadRequest } from '../load.ts';
import { describeOptions, oneOf, readOptions, wholeNumber } from '../options.ts';
import { describeSetting, type Ratio, ratioLines, ratiosOf, ratiosTo } from '../report.ts';
import { BUNDLE, type ServerProcess } from '../server-process.ts';
import { assertSameAnswers } from './answers.ts';
import { loadTable, startTable } from './api-report.ts';
import { ARM_NAMES, ARMS_ABOUT, type Arm, armsOf, REFERENCE } from './arms.ts';
import { DatabaseProcess } from './database-process.ts';
import { type SeededUser, seed } from './dataset.ts';
import { firstRead, type Scenario } from './scenario.ts';
import { type StartedServer, startServer } from './started-server.ts';

const NUMBERS = {
  rounds: { fallback: 5, least: 1, most: 100, about: 'rounds for each server and number of connections' },
  seconds: { fallback: 2, least: 1, most: 600, about: 'seconds of each round' },
} as const;
const MOST_WORKERS = 64;
/** Requests of the load that are compared before it. */
const SAMPLE = 25;
/** Eight workers take longer to warm up than one process. */
const FIRST_WARM_UP_SECONDS = 4;
const WARM_UP_SECONDS = 1;

interface Part {
  readonly connections: number;
  readonly measurements: readonly ServerMeasurements[];
  readonly toReference: readonly Ratio[];
  readonly ofFirst: readonly Ratio[];
}

export async function runScenario(scenario: Scenario, parameters: readonly string[]): Promise<void> {
  const lists = listsFor(scenario);
  const { numbers, lists: chosen, json, help } = readOptions(parameters, NUMBERS, lists);
  if (help) {
    process.stdout.write(`${describeOptions(NUMBERS, lists)}\n${describeArms()}`);
    return;
  }
  const print = (text: string) => void (json || process.stdout.write(`${text}\n`));

  await using resources = new AsyncDisposableStack();
  const database = resources.use(await DatabaseProcess.start());
  const jwtSecret = randomBytes(32).toString('hex');
  const arms = armsOf(chosen.arms, chosen.workers, { mongodbUri: database.uri, jwtSecret, entry: BUNDLE });
  const services = await openDatabases(database.uri, arms, resources);
  const users = await seed([...services.values()], { jwtSecret });
  const started = await startAll(arms, firstRead(users), resources);
  const servers = started.map(({ server }) => server);
  const requests = scenario.requests(users);
  await assertSameAnswers(servers, comparedRequests(scenario, users, requests), scenario.normalize);
  const hooks = hooksOf(scenario, services);
  for (const server of servers) await hooks.cleanUp(server);

  const starts = started.map(({ start }) => start);
  print(`${describeSetting()}\n\n${startTable(starts)}`);
  const parts: Part[] = [];
  for (const connections of chosen.connections) {
    const measurements = await compare(servers, {
      ...numbers,
      ...hooks,
      path: '',
      requests,
      connections,
      pipeline: 1,
      database,
      warmUpSeconds: parts.length === 0 ? FIRST_WARM_UP_SECONDS : WARM_UP_SECONDS,
    });
    const toReference = ratiosTo(REFERENCE, measurements);
    const ofFirst = ratiosOf(measurements);
    parts.push({ connections, measurements, toReference, ofFirst });
    const title = `${scenario.title}, ${connections} connections, ${numbers.rounds} rounds of ${numbers.seconds} s`;
    print(`\n${title}\n${loadTable(measurements, toReference)}\n${ratioLines(ofFirst)}`);
  }
  print(`\n× is the median ratio to ${REFERENCE}, round by round.`);
  for (const remark of scenario.remarks) print(remark);
  if (json) {
    const result = { setting: describeSetting(), scenario: scenario.title, ...numbers, starts, parts };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  }
}

function listsFor({ defaults }: Scenario) {
  return {
    arms: { fallback: defaults.arms, read: oneOf(ARM_NAMES), about: 'the servers to compare' },
    workers: {
      fallback: [8],
      read: wholeNumber(1, MOST_WORKERS),
      about: 'workers of this server, each number as a server of its own',
    },
    connections: {
      fallback: defaults.connections,
      read: wholeNumber(1, defaults.mostConnections),
      about: 'connections at once, each number in rounds of its own',
    },
  };
}

function describeArms(): string {
  const lines = Object.entries(ARMS_ABOUT).map(([name, about]) => `    ${name.padEnd(16)} ${about}`);
  return ['  arms:', ...lines, ''].join('\n');
}

/** By the name of the server that uses it. */
async function openDatabases(
  uri: string,
  arms: readonly Arm[],
  resources: AsyncDisposableStack,
): Promise<ReadonlyMap<string, DatabaseService>> {
  const opened = new Map<string, DatabaseService>();
  for (const { definition, databaseName } of arms) {
    const service = await DatabaseService.open({ uri, databaseName, workers: 1 });
    opened.set(definition.name, resources.use(service));
  }
  return opened;
}

/** One after the other, because they would slow each other down. */
async function startAll(
  arms: readonly Arm[],
  request: LoadRequest,
  resources: AsyncDisposableStack,
): Promise<StartedServer[]> {
  const started: StartedServer[] = [];
  for (const { definition } of arms) {
    const one = await startServer(definition, request);
    resources.use(one.server);
    started.push(one);
  }
  return started;
}

function comparedRequests(
  scenario: Scenario,
  users: readonly SeededUser[],
  requests: readonly LoadRequest[],
): LoadRequest[] {
  const step = Math.ceil(requests.length / SAMPLE);
  return [...requests.filter((_, index) => index % step === 0), ...scenario.alsoCompared(users)];
}

/** The parts of a scenario that need the database of a server. */
function hooksOf(scenario: Scenario, services: ReadonlyMap<string, DatabaseService>) {
  const of = ({ name }: ServerProcess): DatabaseService => {
    const service = services.get(name);
    if (service === undefined) throw new Error(`${name} has no database`);
    return service;
  };
  return {
    settle: async (server: ServerProcess) => scenario.settle?.(of(server)),
    cleanUp: async (server: ServerProcess) => scenario.cleanUp?.(of(server)),
  };
}
