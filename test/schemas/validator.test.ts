import Type from 'typebox';
import { describe, expect, test } from 'vitest';
import { HttpProblem } from '../../src/http/problem.ts';
import { Validator } from '../../src/schemas/validator.ts';

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
  throw new Error('the value was taken for valid');
}

test('a value of the schema comes back as it is', () => {
  const value = { name: 'abc', kind: 'one', parts: [{ key: '' }] };
  expect(validator.validate(value)).toBe(value);
});

test('anything else is 422 with what is wrong where', () => {
  const problem = problemOf({ name: 'abcd', kind: 'three', parts: [{ key: 1 }] });
  expect(problem.status).toBe(422);
  expect(problem.errors).toEqual([
    { path: '/name', message: 'must not have more than 3 characters' },
    { path: '/kind', message: 'must be one of one, two' },
    { path: '/parts/0/key', message: 'must be string' },
  ]);
});

test('what is too short is told in words', () => {
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

test.each([[null], [[]], ['text'], [1], [true]])('%j is no object at all', (value) => {
  expect(problemOf(value).errors).toEqual([{ path: '', message: 'must be object' }]);
});

test('the answer to nonsense stays short', () => {
  const names = Array.from({ length: 5_000 }, (_, index) => `${'x'.repeat(1_000)}${index}`);
  const { errors } = problemOf(Object.fromEntries(names.map((name) => [name, 1])));
  expect(errors.length).toBeLessThanOrEqual(20);
  expect(JSON.stringify(errors).length).toBeLessThan(10_000);
});
