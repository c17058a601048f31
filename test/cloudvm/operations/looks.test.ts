/** When a runner looks for work, with a database that the test controls. */
import { ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import {
  newOperationDocument,
  type OperationDocument,
} from '../../../src/cloudvm/operations/repository/operation-document.ts';
import type { OperationLeases } from '../../../src/cloudvm/operations/repository/operation-leases.ts';
import type { OperationTargets } from '../../../src/cloudvm/operations/repository/operation-targets.ts';
import type { Leftovers } from '../../../src/cloudvm/operations/runner/leftovers.ts';
import { OperationRunner } from '../../../src/cloudvm/operations/runner/operation-runner.ts';
import type { Vm } from '../../../src/cloudvm/vms/vm.ts';
import { HeldProvider, newOwner } from './support.ts';

function queuedOperation(): OperationDocument {
  const now = new Date();
  const vm: Vm = {
    id: new ObjectId().toHexString(),
    ownerId: newOwner(),
    name: 'web',
    provider: 'local',
    region: 'here',
    instanceId: 'i-1',
    size: 'small',
    status: 'pending',
    tags: [],
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
  return { ...newOperationDocument({ id: new ObjectId(), kind: 'create', vm }), attempts: 1 };
}

test('what becomes free during a look is not left until the next one', async () => {
  const provider = new HeldProvider();
  provider.concurrency = 1;
  const queue = [queuedOperation(), queuedOperation()];
  const lookUnderWay = Promise.withResolvers<void>();
  const errors: unknown[] = [];
  const runner = new OperationRunner({
    leases: {
      takeDue: async (provider: string) => (provider === 'local' ? queue.shift() : undefined),
      finish: async () => {},
      release: async () => {},
    } as unknown as OperationLeases,
    targets: { succeed: async () => true } as unknown as OperationTargets,
    leftovers: {
      isWanted: async () => true,
      tidy: async () => {},
      look: () => lookUnderWay.promise,
    } as unknown as Leftovers,
    providers: { aws: provider, azure: provider, gcp: provider, local: provider },
    leaseMs: 3_600_000,
    lookIntervalMs: 3_600_000,
    onError: (error) => errors.push(error),
    onChange: () => {
      // The first operation has ended, and the look that found it has not.
      lookUnderWay.resolve();
    },
  });
  runner.start();
  (await provider.call(0)).succeed();
  (await provider.call(1)).succeed();
  await runner.stop();
  expect(errors).toEqual([]);
});
