import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Document } from 'bson';
import { describe, expect, test } from 'vitest';
import { Cursors } from '../../../src/embedded-mongodb/commands/read/cursors.ts';
import type { Task } from '../../../src/embedded-mongodb/execution/task.ts';
import { Connection } from '../../../src/embedded-mongodb/server/connection.ts';
import { Catalog } from '../../../src/embedded-mongodb/storage/catalog.ts';
import { SqliteFile } from '../../../src/embedded-mongodb/storage/sqlite-file.ts';
import { TemporaryDirectory } from '../support/test-database.ts';
import { message } from '../support/wire-client.ts';

const PING = { ping: 1, $db: 'test' };

describe('a command whose client is gone', () => {
  test.each<[string, Document]>([
    ['find', { find: 'things' }],
    ['aggregate', { aggregate: 'things', pipeline: [], cursor: {} }],
  ])('is cancelled if it is %s, because nobody needs the reply', async (_name, command) => {
    expect(await isCancelledWithoutClient(command)).toBe(true);
  });

  test.each<[string, Document]>([
    ['insert', { insert: 'things', documents: [{ n: 1 }] }],
    ['update', { update: 'things', updates: [{ q: {}, u: {} }] }],
    ['delete', { delete: 'things', deletes: [{ q: {}, limit: 1 }] }],
  ])('still runs if it is %s, as in MongoDB', async (_name, command) => {
    expect(await isCancelledWithoutClient(command)).toBe(false);
  });
});

test('a connection with 64 unanswered requests is not read from until one is answered', async () => {
  await using connection = await TestConnection.open();
  for (let n = 0; n < 64; n += 1) connection.client.write(message(PING));
  const tasks = await connection.submitted(64);
  expect(connection.socket?.isPaused()).toBe(true);
  tasks[0]?.complete(Buffer.from([5, 0, 0, 0, 0]));
  expect(connection.socket?.isPaused()).toBe(false);
});

async function isCancelledWithoutClient(command: Document): Promise<boolean | undefined> {
  await using connection = await TestConnection.open();
  connection.client.write(message({ ...command, $db: 'test' }));
  const [task] = await connection.submitted(1);
  expect(task?.cancelled()).toBe(false);
  await connection.loseClient();
  return task?.cancelled();
}

/** A connection whose commands are collected and never run. */
class TestConnection implements AsyncDisposable {
  readonly client: Socket;
  socket: Socket | undefined;
  readonly #resources: AsyncDisposableStack;
  readonly #tasks: Task[] = [];
  #onSubmit = () => {};

  static async open(): Promise<TestConnection> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(await TemporaryDirectory.create());
    const file = resources.use(new SqliteFile(directory.path));
    return new TestConnection(join(directory.path, 'socket'), file, resources.move());
  }

  private constructor(path: string, file: SqliteFile, resources: AsyncDisposableStack) {
    this.#resources = resources;
    const database = {
      file,
      catalog: new Catalog(file),
      cursors: new Cursors(),
      startedAt: 0,
      connectionCount: () => 1,
    };
    const submit = (task: Task) => {
      this.#tasks.push(task);
      this.#onSubmit();
    };
    const listener = createServer((socket) => {
      this.socket = socket;
      new Connection(socket, 1, database, { submit }, () => {});
    });
    resources.use(listener);
    listener.listen(path);
    this.client = resources.adopt(connect(path), (client) => {
      client.destroy();
    });
  }

  /** Resolves when so many commands have arrived. */
  async submitted(count: number): Promise<readonly Task[]> {
    await new Promise<void>((resolve) => {
      this.#onSubmit = () => {
        if (this.#tasks.length >= count) resolve();
      };
      this.#onSubmit();
    });
    return this.#tasks;
  }

  async loseClient(): Promise<void> {
    const closed = this.socket && once(this.socket, 'close');
    this.client.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
