/** Reading, listing and creating VMs. */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { type Collection, MongoServerError, ObjectId } from 'mongodb';
import { InvalidCursorError } from '../../../src/cloudvm/database/newest-first.ts';
import type { Answer } from '../../../src/cloudvm/idempotency/answer.ts';
import {
  digest,
  type KeyDocument,
  keyIdOf,
  REMEMBERED_MS,
} from '../../../src/cloudvm/idempotency/key-document.ts';
import {
  afterCursor,
  encodeCursor,
  sortOrder,
  type VmSort,
} from '../../../src/cloudvm/vms/repository/vm-cursor.ts';
import {
  type NewVmDocument,
  newVmDocument,
  type VmDocument,
} from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { matches } from '../../../src/cloudvm/vms/repository/vm-query.ts';
import type { NewVm, VmProvider, VmStatus } from '../../../src/cloudvm/vms/vm.ts';
import { Problem, unprocessable, vmNotFound } from './problems.ts';
import type { Provisioner } from './provisioner.ts';
import { NEW_VM, VM_QUERY } from './schemas.ts';
import { pageJson, vmJson } from './serializers.ts';
import type { VmCounter } from './vm-counter.ts';
import type { VmInserter } from './vm-inserter.ts';
import type { VmReader } from './vm-reader.ts';

export interface VmRoutesOptions {
  readonly vms: Collection<VmDocument>;
  readonly keys: Collection<KeyDocument>;
  readonly reader: VmReader;
  readonly counter: VmCounter;
  readonly inserter: VmInserter;
  readonly provisioner: Provisioner;
  readonly requireUser: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

interface VmQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly status?: readonly VmStatus[];
  readonly provider?: VmProvider;
  readonly region?: string;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly sort?: VmSort;
}

const ID = /^[0-9a-f]{24}$/i;
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/;
const DUPLICATE_KEY = 11000;
const LEASE_MS = 5_000;

export const vmRoutes: FastifyPluginCallback<VmRoutesOptions> = (api, options, done) => {
  const { reader, provisioner, requireUser } = options;

  api.get<{ Params: { id: string } }>('/api/vms/:id', { onRequest: requireUser }, async (request, reply) => {
    const { id } = request.params;
    const vm = ID.test(id) ? await reader.read(ownerOf(request), new ObjectId(id)) : null;
    if (vm === null) throw vmNotFound();
    if (request.headers['if-none-match'] === entityTag(vm)) {
      return reply.code(304).header('etag', entityTag(vm)).send();
    }
    return sendVm(reply, vm);
  });

  api.get<{ Querystring: VmQuery }>(
    '/api/vms',
    { onRequest: requireUser, schema: { querystring: VM_QUERY } },
    async (request, reply) => sendJson(reply, pageJson(await list(options, ownerOf(request), request.query))),
  );

  api.post<{ Body: Omit<NewVm, 'size' | 'tags'> & Partial<NewVm> }>(
    '/api/vms',
    { onRequest: requireUser, schema: { body: NEW_VM } },
    async (request, reply) => {
      const { size = 'small', tags = [], ...rest } = request.body;
      const vm = newVmDocument(ownerOf(request), { ...rest, size, tags });
      const fields = {
        location: `/api/vms/${vm._id.toHexString()}`,
        'operation-location': `/api/operations/${vm.operationId.toHexString()}`,
        etag: entityTag(vm),
      };
      const answer = { status: 201, fields, json: vmJson(toAnswer(vm)) };
      const key = idempotencyKey(request);
      const known = key === undefined ? undefined : await remember(options, request, key, vm, answer);
      if (known === undefined) {
        await options.inserter.insert(vm);
        provisioner.schedule(vm);
      }
      const { status, fields: headers, json } = known ?? answer;
      return sendJson(reply.code(status).headers(headers), json);
    },
  );
  done();
};

async function list(
  { vms, counter }: Pick<VmRoutesOptions, 'vms' | 'counter'>,
  ownerId: ObjectId,
  query: VmQuery,
) {
  const { limit = 20, cursor, sort = '-createdAt' } = query;
  const matching = matches(ownerId, { ...query, limit });
  const page = cursor === undefined ? matching : { ...matching, ...position(sort, cursor) };
  const [found, total] = await Promise.all([
    vms.find(page, { sort: sortOrder(sort), limit: limit + 1, batchSize: limit + 2 }).toArray(),
    counter.count(matching),
  ]);
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  return {
    vms: shown.map(toAnswer),
    total,
    nextCursor: last === undefined ? null : encodeCursor(sort, last),
  };
}

function position(sort: VmSort, cursor: string) {
  try {
    return afterCursor(sort, cursor);
  } catch (error) {
    if (!(error instanceof InvalidCursorError)) throw error;
    throw unprocessable([{ path: '/cursor', message: 'is not a valid cursor for this sort order' }]);
  }
}

/** @returns the answer to an earlier request with this key */
async function remember(
  { keys, inserter }: Pick<VmRoutesOptions, 'keys' | 'inserter'>,
  request: FastifyRequest,
  key: string,
  vm: NewVmDocument,
  answer: Answer,
): Promise<Answer | undefined> {
  const { _id: targetId, ownerId, operationId, createdAt: at } = vm;
  const now = Date.now();
  const wanted: KeyDocument = {
    _id: keyIdOf({ ownerId: ownerId.toHexString(), key }),
    ownerId,
    fingerprint: digest([request.method, request.url, request.body]),
    attempt: 1,
    leaseEndsAt: new Date(now + LEASE_MS),
    plan: { targetId, operationId, at, answer },
    expiresAt: new Date(now + REMEMBERED_MS),
  };
  try {
    await inserter.remember(wanted);
    return undefined;
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY) throw error;
    const stored = await keys.findOne({ _id: wanted._id });
    if (stored === null) throw error;
    if (stored.fingerprint === wanted.fingerprint) return stored.plan.answer;
    const detail = 'The Idempotency-Key was used before for another request.';
    throw new Problem(422, detail, {}, [], 'Idempotency Key Reused');
  }
}

function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    const detail = 'The Idempotency-Key must be 1 to 255 visible ASCII characters, or such a text in quotes.';
    throw new Problem(400, detail);
  }
  return key;
}

function ownerOf(request: FastifyRequest): ObjectId {
  return new ObjectId(request.user.sub);
}

function sendVm(reply: FastifyReply, vm: VmDocument): FastifyReply {
  return sendJson(reply.header('etag', entityTag(vm)), vmJson(toAnswer(vm)));
}

function sendJson(reply: FastifyReply, json: string): FastifyReply {
  // With a serializer of its own, because Fastify would add a charset, which JSON does not have.
  return reply.header('content-type', 'application/json').serializer(String).send(json);
}

function entityTag({ version }: VmDocument): string {
  return `"${version}"`;
}

function toAnswer(vm: VmDocument) {
  return {
    id: vm._id.toHexString(),
    name: vm.name,
    provider: vm.provider,
    region: vm.region,
    instanceId: vm.instanceId,
    size: vm.size,
    status: vm.status,
    tags: vm.tags,
    createdAt: vm.createdAt,
    updatedAt: vm.updatedAt,
    version: vm.version,
  };
}
