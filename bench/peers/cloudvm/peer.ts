/** Opens the database and builds the API on it. main.ts listens with it, and tests do. */
import type { FastifyInstance } from 'fastify';
import { MongoClient } from 'mongodb';
import type { CountDocument } from '../../../src/cloudvm/accounts/logins/login-counts.ts';
import type { UserDocument } from '../../../src/cloudvm/accounts/users/user-document.ts';
import { IDEMPOTENCY_KEYS, type KeyDocument } from '../../../src/cloudvm/idempotency/key-document.ts';
import type { VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { buildApi } from './api.ts';
import { Logins } from './logins.ts';
import { Provisioner } from './provisioner.ts';
import type { PeerSettings } from './settings.ts';
import { SharedVmCounter, SingleVmCounter } from './vm-counter.ts';
import { BatchedVmInserter, SingleVmInserter } from './vm-inserter.ts';
import { BatchedVmReader, SingleVmReader } from './vm-reader.ts';
import { BatchedVmStarter, SingleVmStarter } from './vm-starter.ts';

/** As many as this server has in all its workers together. */
const TOTAL_CONNECTIONS = 64;

export interface Peer extends AsyncDisposable {
  readonly api: FastifyInstance;
}

export async function openPeer(settings: PeerSettings): Promise<Peer> {
  await using opened = new AsyncDisposableStack();
  const maxPoolSize = Math.floor(TOTAL_CONNECTIONS / settings.processes);
  const client = opened.use(new MongoClient(settings.mongodbUri, { maxPoolSize }));
  const database = client.db(settings.databaseName);
  await database.command({ ping: 1 });
  const vms = database.collection<VmDocument>('vms');
  const starter = settings.batched ? new BatchedVmStarter(database) : new SingleVmStarter(database);
  const provisioner = opened.use(new Provisioner(starter));
  const api = buildApi({
    vms,
    keys: database.collection<KeyDocument>(IDEMPOTENCY_KEYS.name),
    reader: settings.batched ? new BatchedVmReader(vms) : new SingleVmReader(vms),
    inserter: settings.batched ? new BatchedVmInserter(database) : new SingleVmInserter(database),
    counter: settings.batched ? new SharedVmCounter(vms) : new SingleVmCounter(vms),
    provisioner,
    logins: new Logins(
      database.collection<UserDocument>('users'),
      database.collection<CountDocument>('loginFailures'),
    ),
    jwtSecret: settings.jwtSecret,
    jwtTtlSeconds: settings.jwtTtlSeconds,
  });
  opened.defer(() => api.close());
  const resources = opened.move();
  return { api, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
