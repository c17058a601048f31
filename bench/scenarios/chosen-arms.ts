/** Which arms take part in which scenarios, and why the others do not. */
import type { ChosenArms } from './scenario.ts';

const NO_PARSER = 'it knows GET /health alone';
const THREAD_PER_CONNECTION =
  'a connection keeps a thread of its pool, and there are more connections than threads';
const LIKE_HEALTH = 'what its number of threads changes shows in health and vm-read';
const CLUSTER_ELSEWHERE = 'a cluster shows in health, with bodies, and where the handler has work';

/** The handler does nothing: every arm that can hold the connections. */
export const OF_HEALTH: ChosenArms = {
  names: ['wasm', 'wasm-1', 'wasm-16', 'js', 'node-http', 'fastify', 'fastify-cluster', 'bun', 'epoll'],
  without: { 'cpp-httplib': THREAD_PER_CONNECTION },
};

/** No worker of this server takes part, so their number and their core do not matter. */
export const OF_CONSTANTS: ChosenArms = {
  names: ['wasm', 'node-http', 'fastify', 'bun'],
  without: {
    'cpp-httplib': THREAD_PER_CONNECTION,
    epoll: NO_PARSER,
    'fastify-cluster': CLUSTER_ELSEWHERE,
    js: 'no core takes part',
    'wasm-1': 'no worker takes part',
    'wasm-16': 'no worker takes part',
  },
};

export const OF_PIPELINING: ChosenArms = {
  names: ['wasm', 'wasm-1', 'js', 'node-http', 'fastify', 'bun', 'epoll'],
  without: {
    'cpp-httplib': THREAD_PER_CONNECTION,
    'wasm-16': LIKE_HEALTH,
    'fastify-cluster': CLUSTER_ELSEWHERE,
  },
};

/** As many connections as the pool of C++ has threads. */
export const OF_FEW_CONNECTIONS: ChosenArms = {
  names: ['wasm', 'wasm-1', 'js', 'node-http', 'fastify', 'bun', 'cpp-httplib', 'epoll'],
  without: { 'wasm-16': LIKE_HEALTH, 'fastify-cluster': CLUSTER_ELSEWHERE },
};

export const OF_MANY_CONNECTIONS: ChosenArms = {
  names: ['wasm', 'js', 'node-http', 'fastify', 'fastify-cluster', 'bun', 'epoll'],
  without: { 'cpp-httplib': THREAD_PER_CONNECTION, 'wasm-1': LIKE_HEALTH, 'wasm-16': LIKE_HEALTH },
};

export const OF_NEW_CONNECTIONS: ChosenArms = {
  names: ['wasm', 'js', 'node-http', 'fastify', 'cpp-httplib'],
  without: {
    bun: 'it closes the connection without saying so, which wrk takes for an error',
    epoll: 'it does not close connections',
    'fastify-cluster': CLUSTER_ELSEWHERE,
    'wasm-1': LIKE_HEALTH,
    'wasm-16': LIKE_HEALTH,
  },
};

/** A parser and a small handler on many connections. */
export const OF_SMALL_REQUESTS: ChosenArms = {
  names: ['wasm', 'js', 'node-http', 'fastify', 'bun'],
  without: {
    'cpp-httplib': THREAD_PER_CONNECTION,
    epoll: NO_PARSER,
    'fastify-cluster': CLUSTER_ELSEWHERE,
    'wasm-1': LIKE_HEALTH,
    'wasm-16': LIKE_HEALTH,
  },
};

/** Bodies, on eight connections. */
export const OF_BODIES: ChosenArms = {
  names: ['wasm', 'js', 'node-http', 'fastify', 'fastify-cluster', 'bun', 'cpp-httplib'],
  without: { epoll: NO_PARSER, 'wasm-1': LIKE_HEALTH, 'wasm-16': LIKE_HEALTH },
};

export const OF_TOKENS: ChosenArms = {
  names: ['wasm', 'js', 'node-http', 'fastify', 'fastify-cluster', 'bun'],
  without: {
    'cpp-httplib': 'it has no JWT',
    epoll: NO_PARSER,
    'wasm-1': LIKE_HEALTH,
    'wasm-16': LIKE_HEALTH,
  },
};

/** Handlers that compute. */
export const OF_CPU_LOAD: ChosenArms = {
  names: ['wasm', 'js', 'node-http', 'fastify', 'fastify-cluster', 'bun'],
  without: {
    'cpp-httplib': THREAD_PER_CONNECTION,
    epoll: NO_PARSER,
    'wasm-1': 'one worker isolates nothing',
    'wasm-16': 'on two cores it is as with eight',
  },
};

const NO_DRIVER = 'it has no MongoDB driver here';
const WITHOUT_DRIVER = { bun: NO_DRIVER, 'cpp-httplib': NO_DRIVER, epoll: NO_DRIVER, 'node-http': NO_DRIVER };

export const OF_VM_READ: ChosenArms = {
  names: ['wasm', 'wasm-1', 'wasm-16', 'js', 'fastify', 'fastify-batched', 'fastify-cluster'],
  without: WITHOUT_DRIVER,
};

export const OF_API: ChosenArms = {
  names: ['wasm', 'js', 'fastify', 'fastify-batched', 'fastify-cluster'],
  without: {
    ...WITHOUT_DRIVER,
    'wasm-1': 'what the number of workers changes shows in vm-read',
    'wasm-16': 'what the number of workers changes shows in vm-read',
  },
};

export const OF_LOGIN: ChosenArms = {
  names: ['wasm', 'js', 'fastify', 'fastify-cluster'],
  without: { ...OF_API.without, 'fastify-batched': 'logins have nothing that travels together' },
};
