/** The commands that reads are sent as, and what is made of answers that no database should give. */
import { type Document, MongoNetworkError, MongoServerError, ReadConcern, ReadPreference } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { StoredReads } from '../../../src/cloudvm/database/stored-reads.ts';

/** A driver's database that notes the commands, and answers or fails one by one. */
class Commands {
  readonly readConcern: ReadConcern | undefined;
  readonly readPreference = ReadPreference.secondary;
  readonly sent: { command: Document; options: Document | undefined }[] = [];
  readonly #answers: (Document | Error)[];

  constructor(answers: (Document | Error)[], readConcern?: ReadConcern) {
    this.#answers = answers;
    this.readConcern = readConcern;
  }

  async command(command: Document, options?: Document): Promise<Document> {
    this.sent.push({ command, options });
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error('nothing more was expected');
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

const NOTHING = { cursor: { firstBatch: [] } };
const reads = (commands: Commands, repeats = true) => new StoredReads(commands, 'notes', repeats);

describe('a read', () => {
  test('takes the read concern and the read preference of the connection', async () => {
    const commands = new Commands([NOTHING, NOTHING], new ReadConcern('majority'));
    await reads(commands).find({ filter: { text: 'a' }, sort: { text: 1, _id: -1 }, limit: 3 });
    await reads(commands).count({ text: 'a' });
    expect(commands.sent).toMatchObject([
      {
        command: { find: 'notes', filter: { text: 'a' }, limit: 3, readConcern: { level: 'majority' } },
        options: { readPreference: ReadPreference.secondary },
      },
      {
        command: { aggregate: 'notes', readConcern: { level: 'majority' } },
        options: { readPreference: ReadPreference.secondary },
      },
    ]);
    expect(Object.keys(commands.sent[0]?.command['sort'])).toEqual(['text', '_id']);
  });

  test('names no read concern if the connection has none', async () => {
    const commands = new Commands([NOTHING]);
    await reads(commands).find({ filter: {}, limit: 1 });
    expect(commands.sent[0]?.command).not.toHaveProperty('readConcern');
  });

  const lost = new MongoNetworkError('lost');
  const unready = new MongoServerError({ message: 'not yet', code: 134 });
  test.each([lost, unready])('is sent once more after: %s', async (error) => {
    expect(await reads(new Commands([error, NOTHING])).count({})).toBe(0);
    await expect(reads(new Commands([error, error, NOTHING])).count({})).rejects.toBe(error);
    await expect(reads(new Commands([error, NOTHING]), false).count({})).rejects.toBe(error);
  });

  test('is not sent again if the database refuses it', async () => {
    const refused = new MongoServerError({ message: 'bad', code: 2 });
    await expect(reads(new Commands([refused, NOTHING])).find({ filter: {}, limit: 1 })).rejects.toBe(
      refused,
    );
  });

  test.each([{}, { cursor: {} }, { cursor: { firstBatch: [{}] } }])(
    'refuses the answer %j',
    async (answer) => {
      await expect(reads(new Commands([answer])).find({ filter: {}, limit: 1 })).rejects.toThrow(TypeError);
      await expect(reads(new Commands([answer])).count({})).rejects.toThrow(TypeError);
    },
  );
});
