/** What `prepareDatabase` leaves in a database, however often and by however many it is called. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { LOGIN_FAILURES, prepareDatabase, USERS, VMS } from '../../../src/cloudvm/database/collections.ts';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { describeOnEveryDatabase } from '../../support/databases.ts';

describeOnEveryDatabase('preparing a database', (database) => {
  const indexesOf = async (service: DatabaseService, collection: string) => {
    const indexes = await service.run(() => service.collection(collection).listIndexes().toArray());
    return Object.fromEntries(
      indexes.map(({ name, key, unique }) => [name, { key, unique: unique === true }]),
    );
  };

  test('creates the declared indexes', async () => {
    expect(await indexesOf(database.service, USERS)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      email: { key: { emailKey: 1 }, unique: true },
      username: { key: { usernameKey: 1 }, unique: true },
    });
    expect(await indexesOf(database.service, VMS)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      owner_createdAt: { key: { ownerId: 1, createdAt: 1, _id: 1 }, unique: false },
      owner_name: { key: { ownerId: 1, name: 1, _id: 1 }, unique: false },
      owner_creation: { key: { ownerId: 1, creationKey: 1 }, unique: true },
      status_updatedAt: { key: { status: 1, updatedAt: 1 }, unique: false },
    });
    expect(await indexesOf(database.service, LOGIN_FAILURES)).toEqual({
      _id_: { key: { _id: 1 }, unique: false },
      expiresAt: { key: { expiresAt: 1 }, unique: false },
    });
  });

  test('again, and from several threads at once, changes nothing', async () => {
    const before = await indexesOf(database.service, VMS);
    await prepareDatabase(database.service);
    await Promise.all([prepareDatabase(database.service), prepareDatabase(database.service)]);
    expect(await indexesOf(database.service, VMS)).toEqual(before);
  });

  test('fails where an index of the same name is another one', async () => {
    const databaseName = `cloudvm_test_${randomBytes(6).toString('hex')}`;
    await using service = await DatabaseService.open({ uri: database.uri, databaseName, workers: 8 });
    const users = service.collection(USERS);
    await users.createIndex({ somethingElse: 1 }, { name: 'email' });
    await expect(prepareDatabase(service)).rejects.toThrow();
    await users.drop();
  });
});
