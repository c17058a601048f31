/**
 * Gives VMs that were stored before there were filters by tag what these filters look at. Without it they
 * would not be found. Called once per process, before the index is made, which tells that it has been done.
 */
import type { AnyBulkWriteOperation } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import { tagTextsOf, VMS, type VmDocument } from './vm-document.ts';

const INDEX = 'owner_tag';
const BATCH_SIZE = 500;

export async function addTagTexts(database: DatabaseService): Promise<void> {
  const vms = database.collection<VmDocument>(VMS.name);
  // Before the first start there is no collection, and so no index.
  const indexes = await database.run(() => vms.indexes().catch(() => []));
  if (indexes.length === 0 || indexes.some(({ name }) => name === INDEX)) return;
  for (;;) {
    const without = { tagTexts: { $exists: false } };
    const found = await database.run(() => vms.find(without, { limit: BATCH_SIZE }).toArray());
    if (found.length === 0) return;
    const writes = found.map(
      ({ _id, version, tags }): AnyBulkWriteOperation<VmDocument> => ({
        // Whoever has changed it meanwhile has added them.
        updateOne: { filter: { _id, version }, update: { $set: { tagTexts: tagTextsOf(tags) } } },
      }),
    );
    await database.run(() => vms.bulkWrite(writes, { ordered: false }));
  }
}
