/** What the routes of VMs take and answer. */
import { endpoint, KEY_PROBLEMS, REPLAYED } from '../contract/endpoint.ts';
import { newVm, tagValue, VmPageSchema, VmSchema, vmChanges, vmQuery } from './vm-schema.ts';

const ETAG = { ETag: 'The version of the VM, for `If-Match`.' };
const OPERATION_LOCATION = { 'Operation-Location': 'The path of the operation that goes on.' };
const REPLACES_TAGS = 'The whole list of tags is replaced. To change one tag, use the routes of tags.';

export const listVms = endpoint({
  group: 'VMs',
  summary: 'List your VMs',
  description: 'One page. While `nextCursor` is not null, ask again with it as `cursor`.',
  query: vmQuery,
  success: { status: 200, description: 'A page of VMs.', schema: VmPageSchema },
  problems: ['unprocessable-content'],
});

export const createVm = endpoint({
  group: 'VMs',
  summary: 'Create a VM',
  description:
    'The VM is `pending` at first. A provider creates it, and then it is `running`, or in `error`.',
  body: newVm,
  fields: ['Idempotency-Key'],
  success: {
    status: 201,
    description: 'The VM, pending.',
    schema: VmSchema,
    headers: { ...ETAG, ...OPERATION_LOCATION, Location: 'The path of the VM.', ...REPLAYED },
  },
  problems: ['unprocessable-content', 'unsupported-media-type', 'vm-quota-exceeded', ...KEY_PROBLEMS],
});

export const getVm = endpoint({
  group: 'VMs',
  summary: 'Read a VM',
  fields: ['If-Match', 'If-None-Match'],
  success: { status: 200, description: 'The VM.', schema: VmSchema, headers: ETAG },
  problems: ['not-found', 'precondition-failed'],
});

export const updateVm = endpoint({
  group: 'VMs',
  summary: 'Change name, size or tags of a VM',
  description: REPLACES_TAGS,
  body: vmChanges,
  fields: ['If-Match', 'If-None-Match'],
  success: { status: 200, description: 'The VM as it is now.', schema: VmSchema, headers: ETAG },
  problems: ['not-found', 'unprocessable-content', 'unsupported-media-type', 'precondition-failed'],
});

export const deleteVm = endpoint({
  group: 'VMs',
  summary: 'Delete a VM and its snapshots',
  fields: ['If-Match', 'If-None-Match'],
  success: { status: 204, description: 'It is gone.' },
  problems: ['not-found', 'precondition-failed', 'vm-pending'],
});

export const setVmTag = endpoint({
  group: 'VMs',
  summary: 'Set one tag of a VM',
  description: 'The other tags stay as they are, also if somebody else changes them at the same time.',
  body: tagValue,
  fields: ['If-Match', 'If-None-Match'],
  success: { status: 200, description: 'The VM as it is now.', schema: VmSchema, headers: ETAG },
  problems: ['not-found', 'unprocessable-content', 'unsupported-media-type', 'precondition-failed'],
});

export const deleteVmTag = endpoint({
  group: 'VMs',
  summary: 'Remove one tag of a VM',
  description: 'A tag that is not there is no error.',
  fields: ['If-Match', 'If-None-Match'],
  success: { status: 200, description: 'The VM as it is now.', schema: VmSchema, headers: ETAG },
  problems: ['not-found', 'unprocessable-content', 'precondition-failed'],
});

/** What an operation will bring a VM to. */
function action(summary: string, description: string) {
  return endpoint({
    group: 'VMs',
    summary,
    fields: ['Idempotency-Key', 'If-Match', 'If-None-Match'],
    success: {
      status: 202,
      description,
      schema: VmSchema,
      headers: { ...ETAG, ...OPERATION_LOCATION, ...REPLAYED },
    },
    problems: ['not-found', 'precondition-failed', 'vm-pending', 'vm-status-conflict', ...KEY_PROBLEMS],
  });
}

export const startVm = action(
  'Start a VM that is stopped or in error',
  'The VM, pending. It will be running.',
);
export const stopVm = action('Stop a running VM', 'The VM, stopping. It will be stopped.');
export const restartVm = action('Restart a running VM', 'The VM, pending. It will be running.');
