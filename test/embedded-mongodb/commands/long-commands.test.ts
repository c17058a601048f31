/**
 * Commands that would hold up all others if they did not rest. None of these tests measures time: without the
 * rests they take far longer than a test may, or the commands beside them do not end before them.
 */
import type { Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a regular expression takes a time that is linear in the length of the text', () => {
  test.each([
    ['a?a?a?a?a?a?a?a?a*b', 30_000],
    ['a*b', 500_000],
    ['(x+x+)+y', 10_000],
    ['(a|aa)+$', 10_000],
    ['(a|b)*a(a|b){20}c', 10_000],
  ])('/%s/ on %i characters', async (pattern, length) => {
    const things = database.collection();
    await things.insertOne({ text: 'a'.repeat(length - 1).concat('!') });
    expect(await things.countDocuments({ text: { $regex: pattern } })).toBe(0);
  });
});

describe('maxTimeMS ends', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [{ 0: deep(levels - 1) }]);
  test.each<[string, Document, Document]>([
    [
      'many regular expressions',
      { a: 'x' },
      { a: { $in: numbers(50_000).map((n) => new RegExp(`x+${n}y`)) } },
    ],
    ['many ways through nested arrays', { 0: deep(90) }, { [Array(75).fill('0').join('.')]: 5 }],
    [
      'many conditions on a long array',
      { l: numbers(200_000) },
      { $nor: numbers(20_000).map((n) => ({ l: -n - 1 })) },
    ],
  ])('%s within one document', async (_what, document, filter) => {
    const things = database.collection();
    await things.insertOne(document);
    expect(await refusal(things.find(filter).maxTimeMS(100).toArray())).toMatchObject({ code: 50 });
  });

  test('all batches of a cursor together', async () => {
    const things = database.collection();
    await things.insertMany(numbers(10_000).map((n) => ({ n })));
    const filter = { $nor: numbers(20_000).map((n) => ({ n: -n - 1 })) };
    const results = things.find(filter, { batchSize: 2 }).maxTimeMS(500).toArray();
    expect(await refusal(results)).toMatchObject({ code: 50 });
  });
});

test('a step that cannot rest fails after a second, so that the others get their turn', async () => {
  const things = database.collection();
  await things.insertOne({ l: numbers(200_000) });
  const filter = { $nor: numbers(20_000).map((n) => ({ l: -n - 1 })) };
  const error = await refusal(things.find(filter).toArray());
  expect(error).toMatchObject({ code: 96, message: expect.stringContaining('a step that cannot rest') });
});

test('other commands are answered during a scan that finds only documents it has seen', async () => {
  const things = database.collection();
  await things.insertMany(numbers(20_000).map((n) => ({ n: [n] })));
  await things.createIndex({ n: 1 });
  const branches = numbers(2_000).map(() => ({ n: { $gte: 0 } }));
  const scan = things.find({ $or: branches }).maxTimeMS(2_000).toArray();
  let ended = false;
  const outcome = refusal(scan).finally(() => {
    ended = true;
  });
  let answers = 0;
  while (!ended) {
    await database.db.command({ ping: 1 });
    answers += 1;
  }
  expect(await outcome).toMatchObject({ code: 50 });
  expect(answers).toBeGreaterThan(10);
});

describe('long lists of values are looked up, not compared one by one', () => {
  test('by $in, $nin and $all', async () => {
    const things = database.collection();
    await things.insertMany(numbers(5_000).map((n) => ({ n, l: [n, n + 0.5] })));
    await things.insertOne({ n: -1, l: numbers(50_000) });
    const even = numbers(50_000).map((n) => 2 * n);
    expect(await things.countDocuments({ n: { $in: even } })).toBe(2_500);
    expect(await things.countDocuments({ n: { $nin: even } })).toBe(2_501);
    expect(await things.countDocuments({ l: { $all: numbers(50_000) } })).toBe(1);
    expect(await things.countDocuments({ l: { $all: even } })).toBe(0);
    const many = [...numbers(20), null];
    expect(await things.countDocuments({ l: { $all: many } })).toBe(0);
    expect(await things.countDocuments({ missing: { $all: Array(20).fill(null) } })).toBe(5_001);
    expect(await things.countDocuments({ l: { $all: [numbers(50_000), ...numbers(20)] } })).toBe(1);
  });
});
