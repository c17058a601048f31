/** CloudVM with two users, for all tests of a file. Bob shows what another user than Ada sees. */
import { afterAll, beforeAll, expect } from 'vitest';
import { CloudVm } from './cloudvm.ts';
import type { Answer, Question } from './in-process.ts';

export interface TwoUsers {
  /** Open while the tests of the file run. */
  readonly cloudVm: CloudVm;
  /** Tokens. */
  readonly ada: string;
  readonly bob: string;
}

/** @returns what is filled in before the first test. After the last one, no error may have been reported. */
export function twoUsers(): TwoUsers {
  const users = {} as { -readonly [Name in keyof TwoUsers]: TwoUsers[Name] };
  beforeAll(async () => {
    users.cloudVm = await CloudVm.open();
    users.ada = await users.cloudVm.register('ada');
    users.bob = await users.cloudVm.register('bob');
  });
  afterAll(async () => {
    await using cloudVm = users.cloudVm;
    expect(cloudVm.http.errors).toEqual([]);
    expect(cloudVm.backgroundErrors).toEqual([]);
  });
  return users;
}

/** @returns a function that asks with Ada's token, if the question names no other */
export function askAs(users: TwoUsers) {
  return (method: string, path: string, question: Question = {}): Promise<Answer> =>
    users.cloudVm.http.ask(method, path, { token: users.ada, ...question });
}
