/** The servers of the plain application (peers/plain/work.ts). */
import { join } from 'node:path';
import { MOST_BODY_BYTES } from '../peers/plain/work.ts';
import { onNode } from '../processes/server-process.ts';
import type { Arm } from './arm.ts';
import { thisServer } from './this-server.ts';

const PEERS = join(import.meta.dirname, '../peers');
const CLUSTER_PROCESSES = 8;
const POOL_THREADS = 8;

const SETTINGS = { APP: 'bench/peers/plain/this-server.ts', MAX_BODY_BYTES: String(MOST_BODY_BYTES) };

const OTHERS: readonly Arm[] = [
  {
    name: 'node-http',
    description: 'node:http, one process',
    processes: 1,
    threads: 1,
    prepare: async ({ environment }) => onNode('bench/peers/plain/node-http.ts', environment),
  },
  {
    name: 'fastify',
    description: 'Fastify, one process',
    processes: 1,
    threads: 1,
    prepare: async ({ environment }) => onNode('bench/peers/plain/fastify.ts', environment),
  },
  {
    name: 'fastify-cluster',
    description: `Fastify, a cluster of ${CLUSTER_PROCESSES} processes`,
    processes: CLUSTER_PROCESSES + 1,
    threads: CLUSTER_PROCESSES,
    prepare: async ({ environment }) =>
      onNode('bench/peers/plain/fastify.ts', { ...environment, PEER_PROCESSES: String(CLUSTER_PROCESSES) }),
  },
  {
    name: 'bun',
    description: 'Bun.serve, one process',
    processes: 1,
    threads: 1,
    prepare: async ({ environment, workshop }) => ({
      command: await workshop.bun(),
      parameters: ['bench/peers/plain/bun.ts'],
      environment,
    }),
  },
  {
    name: 'cpp-httplib',
    description: `C++ with cpp-httplib, a pool of ${POOL_THREADS} threads`,
    processes: 1,
    threads: POOL_THREADS,
    prepare: async ({ workshop }) => ({
      command: await workshop.compile(join(PEERS, 'cpp-httplib/main.cpp'), ['-lcpp-httplib']),
      parameters: [String(POOL_THREADS)],
    }),
  },
  {
    name: 'epoll',
    description: 'C++ with epoll and no parser, one thread: what the kernel alone costs',
    processes: 1,
    threads: 1,
    prepare: async ({ workshop }) => ({
      command: await workshop.compile(join(PEERS, 'epoll/server.cpp')),
      parameters: ['1'],
    }),
  },
];

/** @returns undefined if there is none of that name */
export function plainArm(name: string): Arm | undefined {
  return thisServer(name, SETTINGS) ?? OTHERS.find((arm) => arm.name === name);
}

/** For the help. */
export const PLAIN_ARM_NAMES = ['wasm', 'js', ...OTHERS.map(({ name }) => name)];
