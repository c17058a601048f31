/** The routes of VMs. Each needs a token, because only its owner can see a VM. */
import { type Route, route } from '../route.ts';

export const VM_ROUTES: readonly Route[] = [
  route({ method: 'get', path: '/api/vms', access: 'user', handler: ({ vms }) => vms.list }),
  route({ method: 'post', path: '/api/vms', access: 'user', handler: ({ vms }) => vms.create }),
  route({ method: 'get', path: '/api/vms/:id', access: 'user', handler: ({ vms }) => vms.read }),
  route({
    method: 'patch',
    path: '/api/vms/:id',
    access: 'user',
    checksPreconditions: true,
    handler: ({ vms }) => vms.change,
  }),
  route({
    method: 'delete',
    path: '/api/vms/:id',
    access: 'user',
    checksPreconditions: true,
    handler: ({ vms }) => vms.delete,
  }),
];
