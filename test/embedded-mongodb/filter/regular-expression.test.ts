import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileRegularExpression } from '../../../src/embedded-mongodb/filter/regular-expression/compile.ts';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe('a regular expression', () => {
  test.each<[pattern: string, options: string, matching: string[], others: string[]]>([
    ['abc', '', ['abc', 'xabcx'], ['ABC', 'ab']],
    ['^abc', '', ['abcd'], ['xabc', 'x\nabc']],
    ['^a\\.b', '', ['a.bc'], ['axb']],
    ['abc', 'i', ['xABCx'], ['ab']],
    ['é', 'i', ['É'], ['e']],
    // A dollar also matches before a line feed that ends the text. That is the same in PCRE.
    ['abc$', '', ['abc', 'abc\n'], ['abc\n\n', 'abcd']],
    ['^(abc|b$)', '', ['abcd', 'b\n'], ['bc']],
    ['abc\\Z', '', ['abc', 'abc\n'], ['abc\n\n']],
    ['abc\\z', '', ['abc'], ['abc\n']],
    ['a$', 'm', ['a\nb', 'b\na'], ['ab']],
    ['^b', 'm', ['a\nb'], ['ab']],
    ['^\\s*x', 'm', ['a\n x'], ['a x']],
    ['\\Aabc', 'm', ['abc'], ['x\nabc']],
    ['a.b', '', ['a\rb', 'a\u2028b'], ['a\nb']],
    ['a.b', 's', ['a\nb'], ['ab']],
    ['a\\Nb', 's', ['a\rb'], ['a\nb']],
    ['[^a]', '', ['\n'], ['a', '']],
    ['a\\sb', '', ['a b', 'a\tb', 'a\vb'], ['a\u00a0b', 'a\u2003b']],
    ['[\\S]', '', ['x'], [' ', '\v']],
    ['\\h', '', ['\u00a0', ' '], ['\n']],
    ['^\\w$', '', ['a', '_', '9'], ['é', '-']],
    ['^\\d$', '', ['9'], ['\u0663']],
    ['\\bfoo\\b', '', ['a foo b'], ['afoo']],
    ['a\\-b', '', ['a-b'], ['ab']],
    ['a\\/b', '', ['a/b'], ['ab']],
    ['(?i)ABC', '', ['abc'], ['ab']],
    ['((?i)a)b', '', ['Ab', 'ab'], ['AB']],
    ['a(?i)b|c', '', ['aB', 'C'], ['Ab']],
    ['(?s:a.)b', '', ['a\nb'], ['ab']],
    ['a b # comment\n c', 'x', ['abc'], ['a b c']],
    ['a(?#comment)b', '', ['ab'], ['a']],
    ['\\Qa.b\\Ec', '', ['a.bc'], ['axbc']],
    ['[]a]x', '', [']x', 'ax'], ['bx']],
    ['[[:alpha:]_]1', '', ['a1', '_1'], ['11']],
    ['(?<name>a|b)c', '', ['bc'], ['cc']],
    ['x{2}y', '', ['xxy'], ['xy']],
    ['x{,2}', '', ['x{,2}'], ['xx']],
    ['\\x41\\x{e9}\\t', '', ['Aé\t'], ['A']],
    ['^\\p{Greek}+$', '', ['αβ'], ['ab']],
    ['(a+)+$', '', ['aaa'], ['aab']],
    ['', '', ['', 'x'], []],
  ])('/%s/%s matches %j and not %j, as in PCRE', async (pattern, options, matching, others) => {
    const things = database.collection();
    await things.insertMany([...matching, ...others].map((text) => ({ text })));
    const found = await things.find({ text: { $regex: pattern, $options: options } }).toArray();
    expect(found.map(({ text }) => text)).toEqual(matching);
    await things.createIndex({ text: 1 });
    const indexed = await things.find({ text: { $regex: pattern, $options: options } }).toArray();
    expect(indexed.map(({ text }) => text).toSorted()).toEqual(matching.toSorted());
  });

  test.each<[pattern: string, options: string, code: number, words: string]>([
    ['(', '', 51091, 'invalid: missing closing parenthesis'],
    ['a)', '', 51091, 'invalid: unmatched closing parenthesis'],
    ['[a', '', 51091, 'invalid: missing terminating ]'],
    ['*a', '', 51091, 'invalid: quantifier does not follow'],
    ['a\\', '', 51091, 'invalid: \\ at the end'],
    ['[z-a]', '', 51091, 'invalid: range out of order'],
    ['\\y', '', 51091, 'invalid: unrecognized character follows \\'],
    ['(a)\\1', '', 51091, 'does not support back references'],
    ['a(?=b)', '', 51091, 'does not support look-around'],
    ['(?<!a)b', '', 51091, 'does not support look-around'],
    ['(?>a)b', '', 51091, 'does not support atomic groups'],
    ['a++', '', 51091, 'does not support possessive quantifiers'],
    ['(?R)', '', 51091, 'does not support recursion'],
    ['x{1001}', '', 51091, 'does not support more than 1000 repetitions'],
    ['(a$|b)c', '', 51091, 'does not support $ and \\Z before other parts'],
    ['^$', 'm', 51091, 'does not support ^ with option m'],
    ['x'.repeat(1001), '', 51091, 'does not support more than 1000 characters'],
    ['((a{100}){100}){100}', '', 51091, 'invalid repeat count'],
    ['a', 'g', 51108, 'invalid flag in regex options: g'],
    ['a\0', '', 2, 'null byte'],
    ['a', 'i\0', 2, 'null byte'],
  ])('/%s/%s is refused with code %i and the words "%s"', async (pattern, options, code, words) => {
    const things = database.collection();
    const error = await refusal(things.find({ a: { $regex: pattern, $options: options } }).toArray());
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  test('that is too large for a long text is refused in words, and never half answered', async () => {
    const things = database.collection();
    await things.insertMany([{ text: 'short and b' }, { text: 'a'.repeat(2_000_000) }]);
    const error = await refusal(things.find({ text: /(a|b|c|d)+[xyz]{9}/ }).toArray());
    expect(error).toMatchObject({ code: 51156, message: expect.stringContaining('match limit exceeded') });
    expect(await things.countDocuments({ text: /^a/ })).toBe(1);
  });

  test('matches what JavaScript matches, where the two agree', () => {
    const atoms = fc.constantFrom(...ATOMS);
    const quantifiers = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '*?');
    const { pattern } = fc.letrec<{ pattern: Pair; sequence: Pair; item: Pair }>((tie) => ({
      pattern: fc
        .array(tie('sequence'), { minLength: 1, maxLength: 2 })
        .map((branches) => join(branches, '|')),
      sequence: fc.array(tie('item'), { maxLength: 3 }).map((items) => join(items, '')),
      item: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.tuple(atoms, quantifiers).map(([pair, quantifier]) => suffix(pair, quantifier)),
        fc.constantFrom(...ASSERTIONS),
        fc.tuple(tie('pattern'), quantifiers).map(([pair, quantifier]) => suffix(group(pair), quantifier)),
      ),
    }));
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '\n', ' '), maxLength: 6 });
    const ends = fc.constantFrom(...ENDS);
    const property = fc.property(pattern, ends, fc.array(texts, { minLength: 5 }), (start, end, samples) => {
      const expression = compileRegularExpression(`(?:${start.pcre})${end.pcre}`, '');
      const reference = new RegExp(`(?:${start.script})${end.script}`, 'u');
      for (const text of samples) expect([text, expression.test(text)]).toEqual([text, reference.test(text)]);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

/** The same expression for PCRE and for JavaScript. */
interface Pair {
  readonly pcre: string;
  readonly script: string;
}

const same = (pattern: string): Pair => ({ pcre: pattern, script: pattern });
const ATOMS: readonly Pair[] = [
  ...['a', 'b', '\\n', '[ab]', '[^a]', '\\w', '\\W', '\\s', '[\\s\\d]'].map(same),
  { pcre: '.', script: '[^\\n]' },
  { pcre: '(?s:.)', script: '[^]' },
  { pcre: '(?i:a)', script: '[aA]' },
];
const ASSERTIONS: readonly Pair[] = [
  ...['\\b', '\\B'].map(same),
  // V8 14.6 says that /(?:[^]*?[^a]|)^/ does not match an empty text. It is right about the look-behind.
  { pcre: '^', script: '(?<![^])' },
  { pcre: '\\z', script: '$' },
  { pcre: '(?m:^a)', script: '(?<![^\\n])a' },
  { pcre: '(?m:$)', script: '(?![^\\n])' },
];
const ENDS: readonly Pair[] = [
  same(''),
  { pcre: '$', script: '(?=\\n?(?![^]))' },
  { pcre: '\\Z', script: '(?=\\n?(?![^]))' },
];

function join(pairs: readonly Pair[], separator: string): Pair {
  return {
    pcre: pairs.map(({ pcre }) => pcre).join(separator),
    script: pairs.map(({ script }) => script).join(separator),
  };
}

function suffix({ pcre, script }: Pair, quantifier: string): Pair {
  return { pcre: pcre + quantifier, script: script + quantifier };
}

function group({ pcre, script }: Pair): Pair {
  return { pcre: `(${pcre})`, script: `(?:${script})` };
}
