import Type from 'typebox';
import { describe, expect, test } from 'vitest';
import { Validator } from '../../../src/cloudvm/validation/validator.ts';
import { HttpProblem } from '../../../src/runtime/http/problem.ts';

const validator = new Validator(
  Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 3 }),
      kind: Type.Enum(['one', 'two']),
      parts: Type.Optional(
        Type.Array(Type.Object({ key: Type.String() }, { additionalProperties: false }), { maxItems: 2 }),
      ),
    },
    { additionalProperties: false },
  ),
);

function problemOf(value: unknown): HttpProblem {
  try {
    validator.validate(value);
  } catch (error) {
    expect(error).toBeInstanceOf(HttpProblem);
    return error as HttpProblem;
  }
  throw new Error('the value was accepted');
}

test('a value that matches its schema is returned unchanged', () => {
  const value = { name: 'abc', kind: 'one', parts: [{ key: '' }] };
  expect(validator.validate(value)).toBe(value);
});

test('any other value is refused with 422 and the place and reason of each mistake', () => {
  const problem = problemOf({ name: 'abcd', kind: 'three', parts: [{ key: 1 }] });
  expect(problem.status).toBe(422);
  expect(problem.errors).toEqual([
    { path: '/name', message: 'must not have more than 3 characters' },
    { path: '/kind', message: 'must be one of one, two' },
    { path: '/parts/0/key', message: 'must be string' },
  ]);
});

test('a text that is too short is refused in plain words', () => {
  expect(problemOf({ name: '', kind: 'one' }).errors).toEqual([
    { path: '/name', message: 'must have at least 1 character' },
  ]);
});

describe('each field', () => {
  test('that is missing is named', () => {
    expect(problemOf({}).errors).toEqual([
      { path: '/name', message: 'is required' },
      { path: '/kind', message: 'is required' },
    ]);
  });

  test.each([
    ['extra', '/extra'],
    ['__proto__', '/__proto__'],
    ['constructor', '/constructor'],
    ['a/b~c', '/a~1b~0c'],
    ['', '/'],
  ])('that is unknown is named: "%s"', (name, path) => {
    const value: unknown = JSON.parse(`{"name":"abc","kind":"one",${JSON.stringify(name)}:1}`);
    expect(problemOf(value).errors).toEqual([{ path, message: 'is not a known field' }]);
  });

  test('that is unknown deeper down is named too', () => {
    const value = { name: 'abc', kind: 'one', parts: [{ key: 'k', more: 1 }] };
    expect(problemOf(value).errors).toEqual([{ path: '/parts/0/more', message: 'is not a known field' }]);
  });
});

test.each([[null], [[]], ['text'], [1], [true]])('%j is refused because it is not an object', (value) => {
  expect(problemOf(value).errors).toEqual([{ path: '', message: 'must be object' }]);
});

test('the answer to a huge nonsensical object stays short', () => {
  const names = Array.from({ length: 5_000 }, (_, index) => `${'x'.repeat(1_000)}${index}`);
  const { errors } = problemOf(Object.fromEntries(names.map((name) => [name, 1])));
  expect(errors.length).toBeLessThanOrEqual(20);
  expect(JSON.stringify(errors).length).toBeLessThan(10_000);
});

test('only the first twenty unknown fields are named', () => {
  const value = JSON.parse(`{${Array.from({ length: 21 }, (_, index) => `"x${index}":1`).join()}}`);
  const { errors } = problemOf({ name: 'abc', kind: 'one', ...value });
  expect(errors).toHaveLength(20);
  expect(errors[19]).toEqual({ path: '/x19', message: 'is not a known field' });
});

describe('a hostile megabyte is refused without a look at each item, if it is', () => {
  const itself = { name: 'abc', kind: 'one' };
  const fields = () => Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`x${index}`, 1]));

  /** Counts how often an item is read. The check itself stops at the first wrong one. */
  function watched<Target extends object>(target: Target): { value: Target; reads: () => number } {
    let reads = 0;
    const get = (of: Target, key: string | symbol) => {
      reads += 1;
      return Reflect.get(of, key);
    };
    return { value: new Proxy(target, { get }), reads: () => reads };
  }

  test('an array that is too long', () => {
    const parts = watched(Array.from({ length: 500_000 }, () => 1));
    const { errors } = problemOf({ ...itself, parts: parts.value });
    expect(errors).toEqual([{ path: '/parts', message: 'must not have more than 2 items' }]);
    expect(parts.reads()).toBeLessThan(20);
  });

  test('an object with very many unknown fields, here and deeper down', () => {
    const unknown = watched({ ...itself, ...fields() });
    expect(problemOf(unknown.value).errors).toHaveLength(20);
    expect(unknown.reads()).toBeLessThan(20);
    expect(problemOf({ ...itself, parts: [{ key: 'k', ...fields() }] }).errors).toHaveLength(20);
  });

  test('a value of another type than the schema asks for', () => {
    const text = watched(Array.from({ length: 500_000 }, () => 1));
    const kind = watched(fields());
    expect(problemOf({ name: text.value, kind: kind.value }).errors).toEqual([
      { path: '/name', message: 'must be string' },
      { path: '/kind', message: 'must be one of one, two' },
    ]);
    expect(text.reads() + kind.reads()).toBeLessThan(20);
  });

  test('a text that is too long', () => {
    expect(problemOf({ ...itself, name: 'x'.repeat(1_000_000) }).errors).toEqual([
      { path: '/name', message: 'must not have more than 3 characters' },
    ]);
  });
});
