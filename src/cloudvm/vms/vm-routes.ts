/** The routes of VMs. Each needs a token, because only its owner can see a VM. */
import type { Route } from '../route.ts';
import { VmController } from './vm-controller.ts';
import type { VmServices } from './vm-services.ts';

export function vmRoutes(services: () => VmServices): readonly Route[] {
  const vms = new VmController(services);
  return [
    { method: 'get', path: '/api/vms', access: 'user', handler: vms.list },
    { method: 'post', path: '/api/vms', access: 'user', handler: vms.create },
    { method: 'get', path: '/api/vms/:id', access: 'user', handler: vms.read },
    { method: 'patch', path: '/api/vms/:id', access: 'user', handler: vms.change },
    { method: 'delete', path: '/api/vms/:id', access: 'user', handler: vms.delete },
  ];
}
