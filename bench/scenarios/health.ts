/**
 * GET /health, whose handler does nothing, so this measures the servers themselves: on few and many
 * connections, pipelined, and with a connection for each request. Here it is an ordinary route. In the
 * CloudVM application it is a constant answer, which this server's main thread gives (`constant`).
 */
import type { LoadRequest } from '../laboratory/load/request.ts';
import {
  OF_CONSTANTS,
  OF_FEW_CONNECTIONS,
  OF_HEALTH,
  OF_MANY_CONNECTIONS,
  OF_NEW_CONNECTIONS,
  OF_PIPELINING,
} from './chosen-arms.ts';
import type { Scenario } from './scenario.ts';

const REQUEST: LoadRequest = { method: 'GET', path: '/health', headers: {} };
const HEALTH = { application: 'plain', requests: () => [REQUEST] } as const;

export const HEALTH_SCENARIOS: readonly Scenario[] = [
  {
    ...HEALTH,
    name: 'health',
    about: 'GET /health, whose handler does nothing, on 64 connections: the server itself',
    arms: OF_HEALTH,
    connections: 64,
  },
  {
    ...HEALTH,
    name: 'constant',
    about: 'GET of an answer that is declared once, on 64 connections, as /health of the CloudVM API is',
    arms: OF_CONSTANTS,
    connections: 64,
    remarks: ['This server gives constant answers on its main thread. The others have nothing of the kind.'],
    requests: () => [{ ...REQUEST, path: '/constant' }],
  },
  {
    ...HEALTH,
    name: 'pipelined',
    about: 'GET /health on 64 connections, each with 16 requests at once',
    arms: OF_PIPELINING,
    connections: 64,
    pipelining: 16,
  },
  {
    ...HEALTH,
    name: 'few-connections',
    about: 'GET /health on 8 connections, one for each thread of a pool',
    arms: OF_FEW_CONNECTIONS,
    connections: 8,
  },
  {
    ...HEALTH,
    name: 'connections-1000',
    about: 'GET /health on 1,000 connections',
    arms: OF_MANY_CONNECTIONS,
    connections: 1000,
    leastSeconds: 1,
  },
  {
    ...HEALTH,
    name: 'connection-per-request',
    about: 'GET /health with a new connection for each request, 32 at a time',
    arms: OF_NEW_CONNECTIONS,
    connections: 32,
    closes: true,
    requests: () => [{ ...REQUEST, headers: { Connection: 'close' } }],
  },
];
