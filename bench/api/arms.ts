/** The servers that serve the CloudVM API in a benchmark, and how each is started. */
import type { ServerDefinition } from '../server-process.ts';

export const ARM_NAMES = ['wasm', 'js', 'fastify', 'fastify-cluster', 'fastify-batched'] as const;
export type ArmName = (typeof ARM_NAMES)[number];

/** What they share. */
export interface ArmEnvironment {
  readonly mongodbUri: string;
  readonly jwtSecret: string;
  /** Path of this server's entry, from the root of the repository: the bundle, or in tests the sources. */
  readonly entry: string;
}

/** A server, and the database of its own in the process that all share. */
export interface Arm {
  readonly definition: ServerDefinition;
  readonly databaseName: string;
}

const CLUSTER_PROCESSES = 8;

export const ARMS_ABOUT: Readonly<Record<ArmName, string>> = {
  wasm: 'this server with CORE=wasm',
  js: 'this server with CORE=js',
  fastify: 'Fastify with @fastify/jwt and the same driver, in one process',
  'fastify-cluster': `the same as a cluster of ${CLUSTER_PROCESSES} processes`,
  'fastify-batched':
    'the same in one process, where simultaneous reads by id, equal counts, inserts or starts become one',
};

/** The name of the arm that the others are compared with. */
export const REFERENCE = 'fastify';

/** @param workers this server is an arm for each of these numbers of workers */
export function armsOf(
  names: readonly ArmName[],
  workers: readonly number[],
  { mongodbUri, jwtSecret, entry }: ArmEnvironment,
): Arm[] {
  const shared = { MONGODB_URI: mongodbUri, JWT_SECRET: jwtSecret, NODE_ENV: '' };
  const ours = (core: 'wasm' | 'js') =>
    workers.map((count) => ({
      name: `cloudvm-backend ${core}, ${count} ${count === 1 ? 'worker' : 'workers'}`,
      script: entry,
      environment: {
        ...shared,
        APP: '',
        CORE: core,
        WORKERS: String(count),
        // Its ten users create far more than anybody should.
        MAX_VMS_PER_USER: '1000000',
        MAX_IDEMPOTENCY_KEYS_PER_USER: '1000000000',
      },
    }));
  const peer = (name: string, settings: Readonly<Record<string, string>>) => ({
    name,
    script: 'bench/peers/cloudvm/main.ts',
    environment: { ...shared, ...settings },
  });
  const definitions: Readonly<Record<ArmName, () => readonly ServerDefinition[]>> = {
    wasm: () => ours('wasm'),
    js: () => ours('js'),
    fastify: () => [peer(REFERENCE, {})],
    'fastify-cluster': () => [
      peer(`fastify, cluster of ${CLUSTER_PROCESSES}`, { PEER_PROCESSES: String(CLUSTER_PROCESSES) }),
    ],
    'fastify-batched': () => [peer('fastify, batched', { PEER_BATCHED: 'true' })],
  };
  return names
    .flatMap((name) => definitions[name]())
    .map((definition, index) => {
      const databaseName = `cloudvm_${index}`;
      const environment = { ...definition.environment, MONGODB_DB: databaseName };
      return { definition: { ...definition, environment }, databaseName };
    });
}
