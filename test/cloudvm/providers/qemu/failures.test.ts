/** The owner of a VM reads what went wrong, and nothing of the host. */
import { expect, test } from 'vitest';
import { ProviderError } from '../../../../src/cloudvm/providers/provider.ts';
import { explainFailure } from '../../../../src/cloudvm/providers/qemu/failures.ts';

const COMMAND = 'Command failed: qemu-system-x86_64 -pidfile /srv/vms/0/pid\nqemu-system-x86_64: ';

test.each([
  ['cannot create PID file: Cannot lock pid file: Resource temporarily unavailable', 'in use'],
  ['-blockdev {}: Failed to get "write" lock\nIs another process using the image?', 'in use'],
  ["cannot set up guest memory 'pc.ram': Cannot allocate memory", 'no memory left'],
  ['/srv/vms/0/disk.qcow2: error while writing: No space left on device', 'no space left'],
  ['ENOSPC: no space left on device, write', 'no space left'],
  ["Could not open backing file: Could not open '/srv/base.img': No such file", 'base image'],
])('%s', (words, expected) => {
  const cause = new Error(COMMAND + words);
  const explained = explainFailure(cause);
  expect(explained).toMatchObject({ code: 'ERR_PROVIDER', isPermanent: false, cause });
  const { message } = explained as Error;
  expect(message).toContain(expected);
  expect(message).not.toMatch(/[/\\]|qemu|pid/);
});

test('what says nothing to the owner stays as it is, for the operator', () => {
  for (const error of [
    new Error('Unexpected error in object_property_find_err()'),
    new ProviderError('the base image is missing', { isPermanent: true }),
    'no error at all',
  ]) {
    expect(explainFailure(error)).toBe(error);
  }
});
