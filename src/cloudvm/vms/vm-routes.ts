/** The routes of VMs. Each needs a token, because only its owner can see a VM. */
import type { Route } from '../route.ts';

export const VM_ROUTES: readonly Route[] = [
  { method: 'get', path: '/api/vms', access: 'user', handler: ({ vms }) => vms.list },
  { method: 'post', path: '/api/vms', access: 'user', handler: ({ vms }) => vms.create },
  { method: 'get', path: '/api/vms/:id', access: 'user', handler: ({ vms }) => vms.read },
  { method: 'patch', path: '/api/vms/:id', access: 'user', handler: ({ vms }) => vms.change },
  { method: 'delete', path: '/api/vms/:id', access: 'user', handler: ({ vms }) => vms.delete },
];
