/**
 * GET /api/vms/:id of a thousand VMs in random order, each by its owner. So nothing is gained from equal
 * requests.
 */

import type { LoadRequest } from '../laboratory/load/request.ts';
import { OF_VM_READ } from './chosen-arms.ts';
import { authorized } from './requests-of-users.ts';
import type { Scenario } from './scenario.ts';

const GET = { method: 'GET' } as const;

export const VM_READ: Scenario = {
  name: 'vm-read',
  about: 'GET /api/vms/:id of a thousand VMs in random order',
  application: 'cloudvm',
  arms: OF_VM_READ,
  connections: 64,
  requests: ({ users }) =>
    users.flatMap((user) =>
      user.vms.map(
        ({ _id }): LoadRequest => ({
          ...GET,
          path: `/api/vms/${_id.toHexString()}`,
          headers: authorized(user),
        }),
      ),
    ),
  alsoCompared: ({ users: [owner, other] }) => {
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
