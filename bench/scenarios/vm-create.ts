/**
 * POST /api/vms by ten users, each request with an Idempotency-Key of its own. A new VM is pending. The
 * server that created it brings it to running a moment later. That work is done before a measurement ends,
 * and the CPU time of a request includes it. Then the VMs are removed, so the database stays small.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import { IDEMPOTENCY_KEYS } from '../../src/cloudvm/idempotency/key-document.ts';
import {
  OPERATIONS,
  type OperationDocument,
} from '../../src/cloudvm/operations/repository/operation-document.ts';
import { VMS, type VmDocument } from '../../src/cloudvm/vms/repository/vm-document.ts';
import { seededVm } from '../laboratory/cloudvm/dataset.ts';
import type { Answer } from '../laboratory/equality/answers.ts';
import { type LoadRequest, UNIQUE } from '../laboratory/load/request.ts';
import { OF_API } from './chosen-arms.ts';
import { authorized, firstUser } from './requests-of-users.ts';
import type { Scenario } from './scenario.ts';

const NAME = 'created';
const VM = { name: NAME, provider: 'aws', region: 'eu-west-1', tags: [{ key: 'team', value: 'blue' }] };
const LOOK_AGAIN_MS = 50;
/** A server that does not start VMs as fast as it creates them needs long after a load. */
const SETTLE_TIMEOUT_MS = 60_000;

export const VM_CREATE: Scenario = {
  name: 'vm-create',
  about: 'POST /api/vms, each with an Idempotency-Key',
  application: 'cloudvm',
  arms: OF_API,
  connections: 64,
  leastSeconds: 1,
  secondsAfterRound: 0.9,
  remarks: [
    'A creation is five writes on every server: the key, the VM, its operation, and the end of both. CPU times ' +
      'include the last two, which a server does in the background.',
    'Collections, indexes, documents and answers are the same. Fastify does not count the VMs and keys of a user ' +
      'for their quotas, look whether a token was withdrawn, lease operations and take over those of dead processes, ' +
      'tell streams of events, or remove expired keys.',
  ],
  requests: ({ users }) =>
    users.map((user) => post(VM, { ...authorized(user), 'Idempotency-Key': `key-${UNIQUE}` })),
  alsoCompared: ({ users }) => {
    const headers = authorized(firstUser(users));
    const keyed = { ...headers, 'Idempotency-Key': 'repeated' };
    return [
      post({ ...VM, size: 'large', instanceId: 'i-1', tags: [] }, headers),
      post(VM, keyed),
      post(VM, keyed),
      post(seededVm(0), keyed),
      post(VM, { ...headers, 'Idempotency-Key': 'not a key' }),
      post(VM, {}),
      post({ ...VM, name: '' }, headers),
      post({ ...VM, name: 5 }, headers),
      post({ ...VM, provider: 'none' }, headers),
      post({ ...VM, color: 'red' }, headers),
      post({ ...VM, tags: [{ key: 'team' }] }, headers),
      post({ name: NAME, provider: 'aws' }, headers),
      { ...post(VM, headers), body: '{' },
      { ...post(VM, headers), headers: { ...headers, 'Content-Type': 'text/plain' } },
    ];
  },
  normalize: withoutIdsAndTimes,
  settle: untilNonePends,
  cleanUp: async (database) => {
    await vmsOf(database).deleteMany({ name: NAME });
    await operationsOf(database).deleteMany({});
    await database.collection(IDEMPOTENCY_KEYS.name).deleteMany({});
  },
};

function post(body: unknown, headers: Readonly<Record<string, string>>): LoadRequest {
  return {
    method: 'POST',
    path: '/api/vms',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
}

function withoutIdsAndTimes({ status, headers, body }: Answer): Answer {
  const replace = (text: string) =>
    text.replace(/[0-9a-f]{24}/g, 'ID').replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME');
  const fields = Object.entries(headers).map(([name, value]) => [name, replace(value)]);
  return { status, headers: Object.fromEntries(fields), body: replace(body) };
}

async function untilNonePends(database: DatabaseService): Promise<void> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  // Operations end after their VMs.
  while ((await operationsOf(database).countDocuments({ dueAt: { $type: 'date' } })) > 0) {
    if (performance.now() > deadline) throw new Error(`VMs are still pending after ${SETTLE_TIMEOUT_MS} ms`);
    await delay(LOOK_AGAIN_MS);
  }
}

function operationsOf(database: DatabaseService) {
  return database.collection<OperationDocument>(OPERATIONS.name);
}

function vmsOf(database: DatabaseService) {
  return database.collection<VmDocument>(VMS.name);
}
