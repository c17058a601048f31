/** Which queries share an answer. The queries are answered by the tests. */
import { expect, test } from 'vitest';
import { SharedQueries } from '../../../src/cloudvm/database/shared-queries.ts';

test('equal queries of one turn of the event loop are sent once, and others by themselves', async () => {
  const queries = new SharedQueries<string>();
  const sent: string[] = [];
  const ask = (key: string) =>
    queries.share(key, async () => {
      sent.push(key);
      return `answer to ${key}`;
    });
  expect(await Promise.all([ask('a'), ask('b'), ask('a')])).toEqual([
    'answer to a',
    'answer to b',
    'answer to a',
  ]);
  expect(sent).toEqual(['a', 'b']);
});

test('a query never joins one that was sent, so it sees what was written in between', async () => {
  const queries = new SharedQueries<string>();
  const first = Promise.withResolvers<string>();
  const before = queries.share('a', () => first.promise);
  await Promise.resolve();
  const after = queries.share('a', async () => 'new');
  expect(await after).toBe('new');
  first.resolve('old');
  expect(await before).toBe('old');
});

test('a query that fails fails those that share it, and no later one', async () => {
  const queries = new SharedQueries<string>();
  const failure = new Error('lost');
  const send = () => Promise.reject(failure);
  const outcomes = await Promise.allSettled([queries.share('a', send), queries.share('a', send)]);
  expect(outcomes).toEqual([
    { status: 'rejected', reason: failure },
    { status: 'rejected', reason: failure },
  ]);
  expect(await queries.share('a', async () => 'found')).toBe('found');
});
