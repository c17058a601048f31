/** How requests that compute hold up those that do not. */
import { OF_CPU_LOAD } from './chosen-arms.ts';
import type { Scenario } from './scenario.ts';

const CPU_MS = 5;
const BURNERS = 2;

export const ISOLATION: Scenario = {
  name: 'isolation',
  about: `GET /health on 16 connections, beside ${BURNERS} clients in a handler that computes for ${CPU_MS} ms`,
  application: 'plain',
  arms: OF_CPU_LOAD,
  connections: 16,
  remarks: ['CPU per request includes the work of the clients beside.'],
  requests: () => [{ method: 'GET', path: '/health', headers: {} }],
  alsoCompared: () => [{ method: 'GET', path: `/cpu?ms=${CPU_MS}`, headers: {} }],
  beside: {
    request: { method: 'GET', path: `/cpu?ms=${CPU_MS}`, headers: {} },
    connections: BURNERS,
    figure: {
      name: 'cpuRequestsPerSecond',
      unit: 'requests/s',
      about: 'answers to the clients beside, meanwhile',
    },
  },
};
