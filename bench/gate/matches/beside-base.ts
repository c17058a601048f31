/** The match with `--base`: this tree beside another commit. */
import { randomBytes } from 'node:crypto';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { DatabaseProcess } from '../../laboratory/cloudvm/database-process.ts';
import { seed } from '../../laboratory/cloudvm/dataset.ts';
import { VM_READ } from '../../scenarios/vm-read.ts';
import type { RatioPromise } from '../paired/judge.ts';
import type { Match } from '../paired/match.ts';
import { ServerArm } from '../paired/server-arm.ts';
import { THIS_TREE, type Tree } from '../tree.ts';
import { applicationArm, FEW_WORKERS, HEALTH, PIPELINED_HEALTH } from './own.ts';

/** Half of a slowdown of 10 %, which is to be found: as far from it as from no slowdown at all. */
export const NOT_SLOWER: readonly RatioPromise[] = [
  { metric: 'cpuPerRequest', limit: 1.05, because: 'a request costs no more than before' },
  { metric: 'requestsPerSecond', limit: 0.95, because: 'as many requests are served as before' },
];

const READ_CONNECTIONS = 64;

/** @param resources hold the database that both read from */
export async function besideBase(base: Tree, resources: AsyncDisposableStack): Promise<readonly Match[]> {
  const group = `this tree beside ${base.name}`;
  const plain: Match = {
    group,
    start: async (own) => ({
      a: own.use(await applicationArm(THIS_TREE, THIS_TREE.name, FEW_WORKERS)),
      b: own.use(await applicationArm(base, base.name, FEW_WORKERS)),
    }),
    contests: [
      { name: 'GET /health', load: HEALTH, promises: NOT_SLOWER },
      { name: 'GET /health, 16 pipelined', load: PIPELINED_HEALTH, promises: NOT_SLOWER },
    ],
  };
  return [plain, await vmRead(group, base, resources)];
}

async function vmRead(group: string, base: Tree, resources: AsyncDisposableStack): Promise<Match> {
  const { uri } = resources.use(await DatabaseProcess.start());
  const names = ['gate_a', 'gate_b'] as const;
  const jwtSecret = randomBytes(32).toString('hex');
  const open = (databaseName: string) => DatabaseService.open({ uri, databaseName, workers: 1 });
  const services = await Promise.all(names.map(open));
  for (const service of services) resources.use(service);
  const users = await seed(services, { jwtSecret });
  const requests = VM_READ.requests({ users, jwtSecret });
  const [probe] = requests;
  // How many workers share simultaneous reads, and so how many reads travel together, settles differently in
  // two processes of one program, and stays so: CPU time per request was 0.7 times the other's. One worker
  // has all of them.
  const arm = (tree: Tree, databaseName: string) =>
    ServerArm.start({
      name: tree.name,
      root: tree.root,
      script: tree.entry,
      environment: {
        APP: '',
        WORKERS: '1',
        MONGODB_URI: uri,
        MONGODB_DB: databaseName,
        JWT_SECRET: jwtSecret,
      },
    });
  return {
    group,
    start: async (own) => ({
      a: own.use(await arm(THIS_TREE, names[0])),
      b: own.use(await arm(base, names[1])),
    }),
    whyNot: async ({ a, b }) => {
      if (probe === undefined) return 'there is no VM to read';
      for (const { name, url } of [a, b]) {
        const { ok, status } = await fetch(url + probe.path, { headers: probe.headers });
        if (!ok) return `${name} answers ${status} to a read, so its data differ`;
      }
      return undefined;
    },
    contests: [
      {
        name: 'GET /api/vms/:id',
        load: { connections: READ_CONNECTIONS, pipelined: 1, requests },
        promises: NOT_SLOWER,
      },
    ],
  };
}
