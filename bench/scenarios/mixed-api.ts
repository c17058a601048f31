/**
 * The API as its users use it: of twenty requests, sixteen read a VM, three list VMs and one creates a VM.
 * The VMs that it creates come to the first pages of the lists, on all arms alike.
 */
import type { LoadRequest } from '../laboratory/load/request.ts';
import { OF_API } from './chosen-arms.ts';
import type { Scenario, World } from './scenario.ts';
import { VM_CREATE } from './vm-create.ts';
import { VM_LIST } from './vm-list.ts';
import { VM_READ } from './vm-read.ts';

const LISTS_PER_READ = 3 / 16;
const CREATIONS_PER_READ = 1 / 16;

export const MIXED_API: Scenario = {
  ...VM_CREATE,
  name: 'mixed-api',
  about: '80 % GET /api/vms/:id, 15 % GET /api/vms, 5 % POST /api/vms, in random order',
  arms: OF_API,
  connections: 64,
  requests: (world) => {
    const reads = VM_READ.requests(world);
    // The creations come last, because all arms are asked in this order when their answers are compared.
    return [
      ...reads,
      ...repeated(VM_LIST, world, reads.length * LISTS_PER_READ),
      ...repeated(VM_CREATE, world, reads.length * CREATIONS_PER_READ),
    ];
  },
  alsoCompared: () => [],
};

function repeated({ requests }: Scenario, world: World, times: number): LoadRequest[] {
  const all = requests(world);
  return Array.from({ length: Math.round(times) }, (_, index) => all[index % all.length]).filter(
    (request) => request !== undefined,
  );
}
