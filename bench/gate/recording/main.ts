/**
 * Records sessions of the gate, on which it is tested (test/bench/gate/recorded.test.ts): rounds of this
 * server beside itself, or beside itself slowed down by about a tenth (slowed-application.ts). The sessions
 * are added to those of the file. See README.md.
 *
 *     node build/run.mjs --make js bench/gate/recording/main.ts FILE SESSIONS ROUNDS equal|slowed CONDITION
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { seededRandom } from '../../laboratory/random.ts';
import { applicationArm, FEW_WORKERS, HEALTH, PIPELINED_HEALTH } from '../matches/own.ts';
import type { Match } from '../paired/match.ts';
import { get } from '../paired/measure-block.ts';
import { takeRound } from '../paired/round.ts';
import type { ServerArm } from '../paired/server-arm.ts';
import { ROOT, THIS_TREE } from '../tree.ts';
import { BURNED_STEPS, type Kind, type RecordedSession, toRecorded } from './recorded.ts';

const PATHS = { plain: '/health', pipelined: '/params/one/two' } as const;
const CONTESTS = [
  { name: 'plain', load: HEALTH, promises: [] },
  { name: 'pipelined', load: { ...PIPELINED_HEALTH, requests: [get(PATHS.pipelined)] }, promises: [] },
] as const;
const BLOCK_SECONDS = 1;

const slowed = {
  [PATHS.plain]: BURNED_STEPS.plain,
  [PATHS.pipelined]: BURNED_STEPS.pipelined,
};

function arm(name: string, burnedSteps: Readonly<Record<string, number>>): Promise<ServerArm> {
  return applicationArm(THIS_TREE, name, {
    ...FEW_WORKERS,
    APP: 'bench/gate/recording/slowed-application.ts',
    SLOWED_APPLICATION: pathToFileURL(join(ROOT, 'test/fixtures/echo-app.ts')).href,
    BURNED_STEPS: JSON.stringify(burnedSteps),
  });
}

async function record(kind: Kind, condition: string, rounds: number): Promise<RecordedSession[]> {
  const match: Match = {
    group: kind,
    start: async (resources) => ({
      a: resources.use(await arm('first', kind === 'slowed' ? slowed : {})),
      b: resources.use(await arm('second', {})),
    }),
    contests: CONTESTS,
  };
  const sessions = CONTESTS.map(
    ({ name }): RecordedSession => ({ kind, condition, contest: name, rounds: [] }),
  );
  const random = seededRandom(Date.now());
  for (let round = 0; round < rounds; round += 1) {
    const taken = await takeRound(match, CONTESTS, { blockSeconds: BLOCK_SECONDS, random });
    sessions.forEach((session, index) => {
      session.rounds.push(toRecorded(taken[index] ?? []));
    });
    process.stdout.write(`${kind}, round ${round + 1}\n`);
  }
  return sessions;
}

async function main([file, sessions, rounds, kind, condition]: readonly string[]): Promise<void> {
  if (file === undefined || condition === undefined || (kind !== 'equal' && kind !== 'slowed')) {
    throw new Error('FILE SESSIONS ROUNDS equal|slowed CONDITION');
  }
  for (let session = 0; session < Number(sessions); session += 1) {
    const recorded = await record(kind, condition, Number(rounds));
    const before: RecordedSession[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
    writeFileSync(file, `${JSON.stringify([...before, ...recorded])}\n`);
  }
}

// Each process that was started has an exit handler that stops it, see processes/at-exit.ts.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

await main(process.argv.slice(2));
