/**
 * The part of a change stream, with a database that plays a replica set: none of the databases here has
 * change streams.
 */
import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import { ChangeStreamWatch, type WatchedDatabase } from '../../../src/cloudvm/events/change-stream.ts';
import { startEmbeddedDatabase } from '../../support/databases.ts';

class FakeStream extends EventEmitter {
  isClosed = false;

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function replicaSet(hello: object) {
  const streams: FakeStream[] = [];
  const pipelines: object[][] = [];
  const database = {
    command: async () => hello,
    watch: (pipeline: object[]) => {
      pipelines.push(pipeline);
      const stream = new FakeStream();
      streams.push(stream);
      return stream;
    },
  };
  return { database: database as unknown as WatchedDatabase, streams, pipelines };
}

describe('where the server has change streams', () => {
  test.each([{ setName: 'rs0' }, { msg: 'isdbgrid' }])('as with %j, a change wakes', async (hello) => {
    const { database, streams, pipelines } = replicaSet(hello);
    const wake = vi.fn();
    await using _watch = new ChangeStreamWatch(database, ['vms', 'operations'], wake);
    await vi.waitFor(() => expect(streams).toHaveLength(1));
    expect(JSON.stringify(pipelines[0])).toContain('{"$in":["vms","operations"]}');
    streams[0]?.emit('change', {});
    expect(wake).toHaveBeenCalledOnce();
  });

  test('a stream that breaks is opened again', async () => {
    const { database, streams } = replicaSet({ setName: 'rs0' });
    const wake = vi.fn();
    await using _watch = new ChangeStreamWatch(database, ['vms'], wake, 1);
    await vi.waitFor(() => expect(streams).toHaveLength(1));
    streams[0]?.emit('error', new Error('the primary stepped down'));
    await vi.waitFor(() => expect(streams).toHaveLength(2));
    expect(streams[0]?.isClosed).toBe(true);
    streams[1]?.emit('change', {});
    expect(wake).toHaveBeenCalledOnce();
  });

  test('it is closed with the watch, and not opened again', async () => {
    const { database, streams } = replicaSet({ setName: 'rs0' });
    {
      await using _watch = new ChangeStreamWatch(database, ['vms'], vi.fn(), 1);
      await vi.waitFor(() => expect(streams).toHaveLength(1));
    }
    expect(streams[0]?.isClosed).toBe(true);
    streams[0]?.emit('error', new Error('closed'));
    await new Promise(setImmediate);
    expect(streams).toHaveLength(1);
  });
});

test('the embedded database has none, and nothing is opened', async () => {
  await using server = await startEmbeddedDatabase();
  await using service = await DatabaseService.open({ uri: server.uri, databaseName: 'x', workers: 1 });
  const watch = vi.spyOn(service.watchable, 'watch');
  await using _watch = new ChangeStreamWatch(service.watchable, ['vms'], vi.fn());
  await service.ping();
  await service.ping();
  expect(watch).not.toHaveBeenCalled();
});
