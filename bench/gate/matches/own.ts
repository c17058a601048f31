/** The matches without `--base`: this server beside Fastify, and its two cores beside each other. */
import { LOAD_GENERATOR } from '../../laboratory/load/closed-loop.ts';
import type { Contest, Match } from '../paired/match.ts';
import { get, type Load } from '../paired/measure-block.ts';
import { ServerArm } from '../paired/server-arm.ts';
import { ROOT, THIS_TREE, type Tree } from '../tree.ts';

const APPLICATION = 'test/fixtures/echo-app.ts';
const CONNECTIONS = 64;
const PIPELINED = 16;

export const HEALTH: Load = { requests: [get('/health')], connections: CONNECTIONS, pipelined: 1 };
export const PIPELINED_HEALTH: Load = { ...HEALTH, pipelined: PIPELINED };

/**
 * Of a server beside itself. Each worker has to compile everything for itself, so eight are warm only after
 * four times as long, and rounds would be few. Two are enough to share requests between workers.
 */
export const FEW_WORKERS = { WORKERS: '2' } as const;

/** A tree's server with the test application. */
export async function applicationArm(
  { root, entry }: Tree,
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerArm> {
  return await ServerArm.start({
    name,
    root,
    script: entry,
    environment: { APP: APPLICATION, ...environment },
  });
}

/**
 * What is measured is far better: 1.3 and 0.8 plain, 8.6 and 0.14 pipelined. The limits are where the promise
 * of small requests that are cheap would be lost. This server needs two threads for a request and Fastify
 * one, so other load on the machine costs it more requests per second. Its CPU time hardly changes.
 */
const HEALTH_BESIDE_FASTIFY: Contest = {
  name: 'GET /health',
  load: HEALTH,
  promises: [
    { metric: 'cpuPerRequest', limit: 0.95, because: 'small requests are cheap' },
    {
      metric: 'requestsPerSecond',
      limit: 0.7,
      because: 'a pool of threads must not slow small requests down',
    },
  ],
};

const PIPELINED_BESIDE_FASTIFY: Contest = {
  name: `GET /health, ${PIPELINED} pipelined`,
  load: PIPELINED_HEALTH,
  promises: [
    { metric: 'cpuPerRequest', limit: 0.4, because: 'pipelined requests share turns, wake-ups and writes' },
    {
      metric: 'requestsPerSecond',
      limit: 2.5,
      because: 'pipelined requests share turns, wake-ups and writes',
    },
  ],
};

/** autocannon takes more CPU time than either server, so it hides most of the difference. */
const PIPELINED_BY_AUTOCANNON: Contest = {
  ...PIPELINED_BESIDE_FASTIFY,
  promises: [{ metric: 'cpuPerRequest', limit: 0.75, because: 'pipelined requests share turns and writes' }],
};

const BESIDE_FASTIFY: Match = {
  group: 'this server beside Fastify',
  start: async (resources) => ({
    a: resources.use(
      await applicationArm(THIS_TREE, 'this server', { APP: 'bench/peers/plain/this-server.ts' }),
    ),
    b: resources.use(
      await ServerArm.start({
        name: 'Fastify',
        root: ROOT,
        script: 'bench/peers/plain/fastify.ts',
        environment: {},
      }),
    ),
  }),
  contests:
    LOAD_GENERATOR === 'wrk' ? [HEALTH_BESIDE_FASTIFY, PIPELINED_BESIDE_FASTIFY] : [PIPELINED_BY_AUTOCANNON],
};

const CORES: Match = {
  group: 'WebAssembly core beside JavaScript core',
  start: async (resources) => ({
    a: resources.use(await applicationArm(THIS_TREE, 'WebAssembly core', { CORE: 'wasm' })),
    b: resources.use(await applicationArm(THIS_TREE, 'JavaScript core', { CORE: 'js' })),
  }),
  contests: [
    {
      name: `GET /params/:a/:b, ${PIPELINED} pipelined`,
      load: { ...PIPELINED_HEALTH, requests: [get('/params/one/two')] },
      promises: [
        { metric: 'cpuPerRequest', limit: 1.05, because: 'the default core is the cheaper one, or level' },
      ],
    },
  ],
};

export const OWN_MATCHES: readonly Match[] = [BESIDE_FASTIFY, CORES];
