/** The servers of the scenarios of the API, on one database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Arm } from '../../bench/arms/arm.ts';
import { Workshop } from '../../bench/arms/workshop.ts';
import { type Environment, findArm, openEnvironment } from '../../bench/laboratory/environment.ts';
import { assertSameAnswers } from '../../bench/laboratory/equality/answers.ts';
import { type StartedArm, startArm } from '../../bench/laboratory/started-arm.ts';
import { LOGIN as LOGIN_BODY, NEW_VM, VM_QUERY } from '../../bench/peers/cloudvm/schemas.ts';
import { HAS_PROC } from '../../bench/processes/process-usage.ts';
import { LOGIN } from '../../bench/scenarios/login.ts';
import { MIXED_API } from '../../bench/scenarios/mixed-api.ts';
import type { Scenario } from '../../bench/scenarios/scenario.ts';
import { VM_CREATE } from '../../bench/scenarios/vm-create.ts';
import { VM_LIST } from '../../bench/scenarios/vm-list.ts';
import { VM_READ } from '../../bench/scenarios/vm-read.ts';
import { LoginSchema } from '../../src/cloudvm/accounts/account-schema.ts';
import { NewVmSchema, VmQuerySchema } from '../../src/cloudvm/vms/vm-schema.ts';

const ARMS = ['wasm-1', 'fastify', 'fastify-cluster', 'fastify-batched'];

const resources = new AsyncDisposableStack();
let environment: Environment;
let arms: StartedArm[];

beforeAll(async () => {
  const workshop = resources.use(new Workshop());
  const chosen = ARMS.map((name) => findArm(VM_CREATE, name)).filter((arm) => arm !== undefined);
  environment = resources.use(await openEnvironment(VM_CREATE, chosen, { users: 3, vmsOfEach: 30 }));
  const start = (arm: Arm) =>
    startArm(
      arm,
      { workshop, entry: 'src/main.ts', environment: environment.settingsOf(arm) },
      environment.firstRequest,
    );
  arms = await Promise.all(chosen.map(start));
  for (const { server } of arms) resources.use(server);
});
afterAll(() => resources.disposeAsync());

function assertAllTheSame(scenario: Scenario): Promise<void> {
  const requests = [
    ...scenario.requests(environment.world),
    ...(scenario.alsoCompared?.(environment.world) ?? []),
  ];
  return assertSameAnswers(
    arms.map(({ server }) => server),
    requests,
    scenario.normalize,
  );
}

describe('Fastify with the CloudVM application', () => {
  test('answers reads as this server does, those of other owners and of nobody too', async () => {
    await assertAllTheSame(VM_READ);
  });

  test('answers lists as this server does, and refuses the same queries', async () => {
    await assertAllTheSame(VM_LIST);
  });

  test('answers creations as this server does, repeated and refused ones too', async () => {
    await assertAllTheSame(VM_CREATE);
    for (const { arm } of arms) await environment.settle(arm.name);
    for (const { arm } of arms) await environment.cleanUp(arm.name);
  });

  test('answers logins as this server does, failed ones too', async () => {
    await assertAllTheSame(LOGIN);
  });

  test('answers a mix of reads, lists and creations as this server does', async () => {
    await assertAllTheSame(MIXED_API);
    for (const { arm } of arms) await environment.settle(arm.name);
    for (const { arm } of arms) await environment.cleanUp(arm.name);
  });

  test.runIf(HAS_PROC)('counts the memory of all processes of a cluster', async () => {
    const [, single, cluster] = await Promise.all(arms.map(({ server }) => server.usage()));
    expect(cluster?.proportionalBytes).toBeGreaterThan(3 * (single?.proportionalBytes ?? Number.NaN));
  });

  test('checks requests against the schemas of this server', () => {
    expect(NEW_VM).toEqual(withoutAnnotations(NewVmSchema));
    expect(VM_QUERY).toEqual(withoutAnnotations(VmQuerySchema));
    expect(LOGIN_BODY).toEqual(withoutAnnotations(LoginSchema));
  });
});

const ANNOTATIONS = ['description', 'examples', 'default'];

/** Only what is for readers of the documentation. */
function withoutAnnotations(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value) => (ANNOTATIONS.includes(key) ? undefined : value));
}
