/** What lists with filters cost a user with 16,000 VMs. */
import { randomBytes } from 'node:crypto';
import { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import { CloudVmProcess } from '../../test/cloudvm/front-door/support/cloudvm-process.ts';
import { DatabaseProcess } from '../laboratory/cloudvm/database-process.ts';
import { seed } from '../laboratory/cloudvm/dataset.ts';
import { ScratchDirectory } from '../processes/scratch-directory.ts';
import { type Attempt, median, timed } from './attempt.ts';

const VMS = 16_000;
/** The first requests of a server and of its client compile what they need, which is not asked here. */
const WARM_UP_ROUNDS = 15;
const ROUNDS = 15;

function listing(query: string, before: string): Attempt {
  return {
    item: 'filters',
    what: `GET /api/vms?${query} of a user with ${VMS} VMs`,
    before,
    measure: async () => {
      await using database = await DatabaseProcess.start();
      using directory = new ScratchDirectory();
      const jwtSecret = randomBytes(32).toString('hex');
      const token = await seedOne(database.uri, jwtSecret);
      await using server = await CloudVmProcess.start(directory.path, {
        MONGODB_URI: database.uri,
        JWT_SECRET: jwtSecret,
      });
      const times: number[] = [];
      for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
        const { value, ms } = await timed(() => server.ask('GET', `/api/vms?${query}`, { token }));
        if (value.status !== 200) throw new Error(`The list was answered with ${value.status}`);
        if (round >= 0) times.push(ms);
      }
      return `p50 ${median(times).toFixed(1)} ms`;
    },
  };
}

/** @returns the token of the user */
async function seedOne(uri: string, jwtSecret: string): Promise<string> {
  await using service = await DatabaseService.open({ uri, databaseName: 'cloudvm', workers: 1 });
  const [user] = await seed([service], { jwtSecret, users: 1, vmsOfEach: VMS });
  if (user === undefined) throw new Error('No user was made');
  return user.token;
}

export const FILTERS: readonly Attempt[] = [
  listing('limit=1', '3 ms'),
  listing('status=running&limit=1', '236 ms'),
  listing('status=error&limit=1', '472 ms'),
  listing('tag=nothing&limit=1', '–'),
];
