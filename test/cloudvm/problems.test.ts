import { describe, expect, test, vi } from 'vitest';
import { LoginThrottledError } from '../../src/cloudvm/accounts/logins/login-throttle.ts';
import { RegistrationThrottledError } from '../../src/cloudvm/accounts/logins/registration-throttle.ts';
import { HashingLineFullError } from '../../src/cloudvm/accounts/passwords/line/hashing-line.ts';
import { AlreadyTakenError } from '../../src/cloudvm/accounts/users/user-repository.ts';
import {
  DatabaseBusyError,
  DatabaseFullError,
  DatabaseSlowError,
  DatabaseUnreachableError,
} from '../../src/cloudvm/database/database-errors.ts';
import { InvalidCursorError } from '../../src/cloudvm/database/newest-first.ts';
import { KeyInUseError, KeyReusedError, TooManyKeysError } from '../../src/cloudvm/idempotency/key-errors.ts';
import { toProblem, withProblems } from '../../src/cloudvm/problems.ts';
import { StatusConflictError, VersionMismatchError } from '../../src/cloudvm/vms/repository/vm-errors.ts';
import { HttpProblem } from '../../src/runtime/http/problem.ts';
import { InProcess } from './front-door/support/in-process.ts';

describe('an error that a client can read becomes a problem', () => {
  test.each([
    [409, new AlreadyTakenError(['email'])],
    [409, new StatusConflictError('pending')],
    [412, new VersionMismatchError(3)],
    [409, new KeyInUseError(1_500)],
    [422, new KeyReusedError()],
    [429, new TooManyKeysError(5, new Date())],
    [422, new InvalidCursorError()],
    [429, new LoginThrottledError(17)],
    [503, new DatabaseBusyError('busy')],
    [503, new DatabaseUnreachableError('away')],
    [503, new DatabaseFullError('full')],
    [503, new HashingLineFullError('busy', 3)],
    [429, new RegistrationThrottledError(new Date())],
  ])('with status %i for %o', (status, error) => {
    expect(toProblem(error)).toBeInstanceOf(HttpProblem);
    expect(toProblem(error)).toMatchObject({ status });
  });

  test('with Retry-After if a later attempt may succeed', () => {
    const waiting = [
      new LoginThrottledError(17),
      new DatabaseBusyError('busy'),
      new DatabaseUnreachableError('away'),
      new DatabaseFullError('full'),
    ];
    for (const error of waiting)
      expect(toProblem(error)).toMatchObject({ headers: { 'Retry-After': expect.stringMatching(/^\d+$/) } });
  });

  test('but any other error is left unchanged', () => {
    const error = new TypeError('a defect');
    expect(toProblem(error)).toBe(error);
  });
});

describe('a handler', () => {
  test('may throw or reject, and the client gets the problem details', async () => {
    const trouble = vi.fn();
    const throttled = vi.fn();
    const throws = withProblems(
      () => {
        throw new StatusConflictError('pending');
      },
      trouble,
      throttled,
    );
    const rejects = withProblems(
      async () => {
        throw new StatusConflictError('pending');
      },
      trouble,
      throttled,
    );
    const http = new InProcess((router) => {
      router.get('/throws', throws);
      router.get('/rejects', rejects);
    });
    for (const path of ['/throws', '/rejects']) expect((await http.ask('GET', path)).status).toBe(409);
    expect(http.errors).toEqual([]);
    expect(trouble).not.toHaveBeenCalled();
  });

  test.each([
    [new DatabaseUnreachableError('inside'), '5'],
    [new DatabaseFullError('inside'), '60'],
    [new DatabaseSlowError('inside'), '1'],
  ])('that fails with %o is answered with 503, and the operator is told', async (error, seconds) => {
    const trouble = vi.fn();
    const throttled = vi.fn();
    const http = new InProcess((router) => {
      router.identifyRequests().get(
        '/',
        withProblems(
          async () => {
            throw error;
          },
          trouble,
          throttled,
        ),
      );
    });
    const answer = await http.ask('GET', '/');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': seconds } });
    expect(answer.text).not.toContain('inside');
    expect(trouble).toHaveBeenCalledExactlyOnceWith(error, {
      requestId: answer.headers['x-request-id'],
    });
  });
});
