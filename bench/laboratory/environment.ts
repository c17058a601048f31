/**
 * What the arms of a scenario need around them. The plain application needs a secret. The CloudVM API needs a
 * database process, and in it a database of the same content for each arm.
 */
import { randomBytes } from 'node:crypto';
import { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import type { Arm } from '../arms/arm.ts';
import { cloudvmArm } from '../arms/cloudvm-arms.ts';
import { plainArm } from '../arms/plain-arms.ts';
import type { ProcessUsage } from '../processes/process-usage.ts';
import { firstRead } from '../scenarios/requests-of-users.ts';
import type { Scenario, World } from '../scenarios/scenario.ts';
import { DatabaseProcess } from './cloudvm/database-process.ts';
import { type SeedOptions, seed } from './cloudvm/dataset.ts';
import type { LoadRequest } from './load/request.ts';

export interface Environment extends AsyncDisposable {
  readonly world: World;
  /** The first request to an arm that was started. */
  readonly firstRequest: LoadRequest;
  /** The settings with which an arm is started. */
  settingsOf(arm: Arm): Readonly<Record<string, string>>;
  /** Of the database process. undefined where there is none. */
  databaseUsage(): Promise<ProcessUsage | undefined>;
  /** See Scenario. */
  settle(armName: string): Promise<void>;
  cleanUp(armName: string): Promise<void>;
}

type Seeding = Omit<SeedOptions, 'jwtSecret'>;

export function findArm(scenario: Pick<Scenario, 'application'>, name: string): Arm | undefined {
  return scenario.application === 'plain' ? plainArm(name) : cloudvmArm(name);
}

export function openEnvironment(
  scenario: Scenario,
  arms: readonly Arm[],
  seeding: Seeding = {},
): Promise<Environment> {
  const jwtSecret = randomBytes(32).toString('hex');
  return scenario.application === 'plain'
    ? openPlain(jwtSecret)
    : openCloudvm(scenario, arms, { ...seeding, jwtSecret });
}

async function openPlain(jwtSecret: string): Promise<Environment> {
  const nothing = () => Promise.resolve(undefined);
  return {
    world: { jwtSecret, users: [] },
    firstRequest: { method: 'GET', path: '/health', headers: {} },
    settingsOf: () => ({ JWT_SECRET: jwtSecret }),
    databaseUsage: nothing,
    settle: nothing,
    cleanUp: nothing,
    [Symbol.asyncDispose]: nothing,
  };
}

async function openCloudvm(
  scenario: Scenario,
  arms: readonly Arm[],
  options: SeedOptions,
): Promise<Environment> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await DatabaseProcess.start());
  const { uri } = database;
  const services = new Map<string, DatabaseService>();
  for (const [index, { name }] of arms.entries()) {
    const service = await DatabaseService.open({ uri, databaseName: databaseName(index), workers: 1 });
    services.set(name, opened.use(service));
  }
  const users = await seed([...services.values()], options);
  const serviceOf = (name: string): DatabaseService => {
    const service = services.get(name);
    if (service === undefined) throw new Error(`${name} has no database`);
    return service;
  };
  const resources = opened.move();
  return {
    world: { jwtSecret: options.jwtSecret, users },
    firstRequest: firstRead(users),
    settingsOf: (arm) => ({
      MONGODB_URI: uri,
      MONGODB_DB: databaseName(arms.indexOf(arm)),
      JWT_SECRET: options.jwtSecret,
    }),
    databaseUsage: () => database.usage(),
    settle: async (name) => scenario.settle?.(serviceOf(name)),
    cleanUp: async (name) => scenario.cleanUp?.(serviceOf(name)),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function databaseName(index: number): string {
  return `cloudvm_${index}`;
}
