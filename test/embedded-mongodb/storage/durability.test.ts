import { expect, test } from 'vitest';
import { effort } from '../../support/effort.ts';
import { startCommand } from '../support/command.ts';
import { connect, TemporaryDirectory, withThings } from '../support/test-database.ts';

test('every acknowledged write is still there after kill -9 in the middle of writing', async () => {
  await using directory = await TemporaryDirectory.create();
  for (let round = 1; round <= effort(3, 20); round += 1) {
    const acknowledged = await writeUntilKilled(directory.path, round, 150 * round);
    expect(acknowledged.inserted.length).toBeGreaterThanOrEqual(150 * round);
    await withThings(directory.path, async (things) => {
      const stored = await things.find({ round }).toArray();
      const byId = new Map(stored.map((document) => [document['n'], document]));
      for (const n of acknowledged.inserted) expect(byId.has(n), `insert ${n}`).toBe(true);
      for (const n of acknowledged.updated) expect(byId.get(n)?.['updated'], `update ${n}`).toBe(true);
      // The index holds exactly the documents of the collection.
      const indexed = await things.find({ round, n: { $gte: 0 } }, { hint: 'round_1_n_1' }).toArray();
      expect(indexed).toHaveLength(stored.length);
    });
  }
});

async function writeUntilKilled(directory: string, round: number, enough: number) {
  await using command = await startCommand(directory);
  const client = connect(command.uri);
  const things = client.db('test').collection('things');
  const inserted: number[] = [];
  const updated: number[] = [];
  try {
    await things.createIndex({ round: 1, n: 1 }, { unique: true });
    let next = 0;
    const writer = async () => {
      for (;;) {
        const n = next;
        next += 1;
        await things.insertOne({ round, n });
        inserted.push(n);
        if (inserted.length === enough) void command.kill();
        await things.updateOne({ round, n }, { $set: { updated: true } });
        updated.push(n);
      }
    };
    await Promise.allSettled(Array.from({ length: 8 }, writer));
  } finally {
    await client.close();
  }
  return { inserted, updated };
}
