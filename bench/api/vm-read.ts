/**
 * `npm run bench -- vm-read`: GET /api/vms/:id of a thousand VMs in random order, each by its owner. So
 * nothing is gained from equal requests.
 */
import type { LoadRequest } from '../load.ts';
import { runScenario } from './run-scenario.ts';
import { authorized, type Scenario } from './scenario.ts';

const GET = { method: 'GET' } as const;

export const VM_READ: Scenario = {
  title: 'GET /api/vms/:id',
  defaults: {
    arms: ['wasm', 'fastify', 'fastify-batched'],
    connections: [1, 8, 64, 256],
    mostConnections: 1000,
  },
  remarks: [],
  requests: (users) =>
    users.flatMap((user) =>
      user.vms.map(
        ({ _id }): LoadRequest => ({
          ...GET,
          path: `/api/vms/${_id.toHexString()}`,
          headers: authorized(user),
        }),
      ),
    ),
  alsoCompared: ([owner, other]) => {
    const [vm] = owner?.vms ?? [];
    if (owner === undefined || other === undefined || vm === undefined) throw new Error('no VM was seeded');
    const path = `/api/vms/${vm._id.toHexString()}`;
    const headers = authorized(owner);
    return [
      { ...GET, path, headers: authorized(other) },
      { ...GET, path, headers: {} },
      { ...GET, path, headers: { Authorization: `Bearer ${owner.token}x` } },
      { ...GET, path, headers: { ...headers, 'If-None-Match': `"${vm.version}"` } },
      { ...GET, path, headers: { ...headers, 'If-None-Match': '"1"' } },
      { ...GET, path: '/api/vms/000000000000000000000000', headers },
      { ...GET, path: '/api/vms/not-an-id', headers },
    ];
  },
};

export const run = (parameters: readonly string[]): Promise<void> => runScenario(VM_READ, parameters);
