/**
 * What the servers of a benchmark serve: ten users with a hundred VMs each, written in the form in which this
 * server stores them. Each server has a database of its own with the same documents. Otherwise one server
 * would bring the VMs to running that another has created.
 */
import { randomBytes } from 'node:crypto';
import { ObjectId } from 'mongodb';
import {
  computeTag,
  formatHash,
  OWASP,
  SALT_BYTES,
  TAG_BYTES,
} from '../../../src/cloudvm/accounts/passwords/password-hash.ts';
import { Tokens } from '../../../src/cloudvm/accounts/tokens/tokens.ts';
import { USERS, type UserDocument } from '../../../src/cloudvm/accounts/users/user-document.ts';
import type { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { prepareServices } from '../../../src/cloudvm/services.ts';
import { newVmDocument, VMS, type VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { type NewVm, VM_PROVIDERS, VM_SIZES } from '../../../src/cloudvm/vms/vm.ts';

export interface SeededUser {
  readonly id: ObjectId;
  readonly email: string;
  readonly password: string;
  /** Valid on every server that has the secret. */
  readonly token: string;
  /** The newest first. */
  readonly vms: readonly VmDocument[];
}

export interface SeedOptions {
  readonly jwtSecret: string;
  readonly users?: number;
  readonly vmsOfEach?: number;
}

const TOKEN_TTL_SECONDS = 604_800;
const MINUTE_MS = 60_000;
const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1', 'ap-southeast-2'];

export async function seed(
  databases: readonly DatabaseService[],
  options: SeedOptions,
): Promise<readonly SeededUser[]> {
  const { jwtSecret, users = 10, vmsOfEach = 100 } = options;
  const tokens = new Tokens({ secrets: [jwtSecret], ttlSeconds: TOKEN_TTL_SECONDS });
  const password = 'correct horse battery';
  const passwordHash = await hash(password);
  const documents = Array.from({ length: users }, (_, index) => userDocument(index, passwordHash));
  // The VMs of all users are mixed in the collection, as they are when users create them.
  const vms = Array.from({ length: vmsOfEach }, (_, index) =>
    documents.map(({ _id }) => vmDocument(_id, index)),
  ).flat();
  for (const database of databases) {
    await prepareServices(database);
    await database.collection<UserDocument>(USERS.name).insertMany(documents);
    await database.collection<VmDocument>(VMS.name).insertMany(vms);
  }
  return documents.map(({ _id, email }) => ({
    id: _id,
    email,
    password,
    token: tokens.issue(_id.toHexString()).token,
    vms: vms.filter(({ ownerId }) => ownerId.equals(_id)).toReversed(),
  }));
}

async function hash(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return formatHash({ ...OWASP, salt, tag: await computeTag(password, { ...OWASP, salt }, TAG_BYTES) });
}

function userDocument(index: number, passwordHash: string): UserDocument {
  const username = `user-${index}`;
  const email = `${username}@example.com`;
  return {
    _id: new ObjectId(),
    email,
    emailKey: email,
    username,
    usernameKey: username,
    passwordHash,
    createdAt: new Date(),
  };
}

/** What a user asked for who created the VM of that number. */
export function seededVm(index: number): NewVm {
  return {
    name: `vm-${String(index).padStart(3, '0')}`,
    provider: pick(VM_PROVIDERS, index),
    region: pick(REGIONS, index),
    size: pick(VM_SIZES, index),
    tags: Array.from({ length: index % 4 }, (_, tag) => ({ key: `key-${tag}`, value: `value ${index}` })),
  };
}

/** At rest, so that no server changes it. */
function vmDocument(ownerId: ObjectId, index: number): VmDocument {
  const vm = newVmDocument(ownerId, seededVm(index));
  const createdAt = new Date(Date.now() - 1000 * MINUTE_MS + index * MINUTE_MS);
  return { ...vm, status: 'running', createdAt, updatedAt: createdAt, version: 2 };
}

function pick<Value>(values: readonly Value[], index: number): Value {
  const value = values[index % values.length];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
}
