/** The servers of the CloudVM API. Each uses a database of its own in the process that all share. */
import { onNode } from '../processes/server-process.ts';
import type { Arm } from './arm.ts';
import { thisServer } from './this-server.ts';

const CLUSTER_PROCESSES = 8;
const PEER = 'bench/peers/cloudvm/main.ts';

/** Ten users create far more than anybody should. */
const SETTINGS = { APP: '', MAX_VMS_PER_USER: '1000000', MAX_IDEMPOTENCY_KEYS_PER_USER: '1000000000' };

const OTHERS: readonly Arm[] = [
  {
    name: 'fastify',
    description: 'Fastify with @fastify/jwt and the same driver, one process',
    processes: 1,
    threads: 1,
    prepare: async ({ environment }) => onNode(PEER, environment),
  },
  {
    name: 'fastify-batched',
    description: 'the same, where simultaneous reads by id, equal counts, inserts or starts become one',
    processes: 1,
    threads: 1,
    prepare: async ({ environment }) => onNode(PEER, { ...environment, PEER_BATCHED: 'true' }),
  },
  {
    name: 'fastify-cluster',
    description: `the same, not batched, a cluster of ${CLUSTER_PROCESSES} processes`,
    processes: CLUSTER_PROCESSES + 1,
    threads: CLUSTER_PROCESSES,
    prepare: async ({ environment }) =>
      onNode(PEER, { ...environment, PEER_PROCESSES: String(CLUSTER_PROCESSES) }),
  },
];

/** @returns undefined if there is none of that name */
export function cloudvmArm(name: string): Arm | undefined {
  return thisServer(name, SETTINGS) ?? OTHERS.find((arm) => arm.name === name);
}

/** For the help. */
export const CLOUDVM_ARM_NAMES = ['wasm', 'js', ...OTHERS.map(({ name }) => name)];
