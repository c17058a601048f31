/** The collections and indexes that preparing a database creates, on every supported database. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { LOGIN_FAILURES } from '../../../src/cloudvm/accounts/logins/login-counts.ts';
import { USERS } from '../../../src/cloudvm/accounts/users/user-document.ts';
import type { DeclaredCollection } from '../../../src/cloudvm/database/collection.ts';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { IDEMPOTENCY_KEYS } from '../../../src/cloudvm/idempotency/key-document.ts';
import { OPERATIONS } from '../../../src/cloudvm/operations/repository/operation-document.ts';
import { prepareServices } from '../../../src/cloudvm/services.ts';
import { SNAPSHOTS } from '../../../src/cloudvm/snapshots/repository/snapshot-document.ts';
import { VMS } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';

describeOnEveryDatabase('preparing a database', (database) => {
  const indexesOf = async (service: DatabaseService, { name }: DeclaredCollection) => {
    const indexes = await service.run(() => service.collection(name).listIndexes().toArray());
    return Object.fromEntries(
      indexes.map((index) => [index.name, { key: index.key, unique: index.unique === true }]),
    );
  };

  test('creates the declared indexes and no others', async () => {
    expect(await indexesOf(database.service, USERS)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      email: { key: { emailKey: 1 }, unique: true },
      username: { key: { usernameKey: 1 }, unique: true },
      registrationKey: { key: { registrationKey: 1 }, unique: false },
      removalDueAt: { key: { removalDueAt: 1 }, unique: false },
    });
    expect(await indexesOf(database.service, VMS)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      owner_createdAt: { key: { ownerId: 1, createdAt: 1, _id: 1 }, unique: false },
      owner_name: { key: { ownerId: 1, name: 1, _id: 1 }, unique: false },
      owner_status: { key: { ownerId: 1, status: 1, provider: 1, region: 1 }, unique: false },
      owner_tag: { key: { ownerId: 1, tagTexts: 1 }, unique: false },
      status_updatedAt: { key: { status: 1, updatedAt: 1 }, unique: false },
      owner_updatedAt: { key: { ownerId: 1, updatedAt: 1 }, unique: false },
    });
    expect(await indexesOf(database.service, SNAPSHOTS)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      vm_createdAt: { key: { vmId: 1, createdAt: 1, _id: 1 }, unique: false },
      status_updatedAt: { key: { status: 1, updatedAt: 1 }, unique: false },
      owner_updatedAt: { key: { ownerId: 1, updatedAt: 1 }, unique: false },
    });
    expect(await indexesOf(database.service, OPERATIONS)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      vm_createdAt: { key: { vmId: 1, createdAt: 1, _id: 1 }, unique: false },
      provider_dueAt: { key: { 'subject.provider': 1, dueAt: 1 }, unique: false },
      owner_updatedAt: { key: { ownerId: 1, updatedAt: 1 }, unique: false },
    });
    expect(await indexesOf(database.service, IDEMPOTENCY_KEYS)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      owner_expiresAt: { key: { ownerId: 1, expiresAt: 1 }, unique: false },
      expiresAt: { key: { expiresAt: 1 }, unique: false },
    });
    expect(await indexesOf(database.service, LOGIN_FAILURES)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      expiresAt: { key: { expiresAt: 1 }, unique: false },
    });
  });

  test('again and several times at once changes nothing', async () => {
    const before = await indexesOf(database.service, VMS);
    await prepareServices(database.service);
    await Promise.all([prepareServices(database.service), prepareServices(database.service)]);
    expect(await indexesOf(database.service, VMS)).toEqual(before);
  });

  test('drops the index that made VMs unique by the key of their request', async () => {
    const databaseName = `cloudvm_test_${randomBytes(6).toString('hex')}`;
    await using service = await DatabaseService.open({ uri: database.uri, databaseName, workers: 8 });
    const former = { ownerId: 1, creationKey: 1 } as const;
    await service.collection(VMS.name).createIndex(former, { name: 'owner_creation', unique: true });
    await prepareServices(service);
    expect(Object.keys(await indexesOf(service, VMS))).not.toContain('owner_creation');
  });

  test('fails if a different index has the same name', async () => {
    const databaseName = `cloudvm_test_${randomBytes(6).toString('hex')}`;
    await using service = await DatabaseService.open({ uri: database.uri, databaseName, workers: 8 });
    const users = service.collection(USERS.name);
    await users.createIndex({ somethingElse: 1 }, { name: 'email' });
    await expect(prepareServices(service)).rejects.toThrow(/MONGODB_DB|index/);
    await users.drop();
  });

  test('fails in the documents of another program, and says which and what to do', async (context) => {
    if (!database.atomic) context.skip('it makes unique indexes in spite of documents that are not');
    const databaseName = `cloudvm_test_${randomBytes(6).toString('hex')}`;
    await using service = await DatabaseService.open({ uri: database.uri, databaseName, workers: 8 });
    const users = service.collection(USERS.name);
    await users.insertMany([{ login: 'ada' }, { login: 'grace' }]);
    await expect(prepareServices(service)).rejects.toThrow(
      /"users" of .* has documents that CloudVM has not stored: several have the same emailKey.*MONGODB_DB/,
    );
    expect(await users.countDocuments()).toBe(2);
    await users.drop();
  });
});
