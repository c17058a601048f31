import { MongoRuntimeError, MongoServerError } from 'mongodb';
import { expect, test } from 'vitest';
import {
  DatabaseFullError,
  DatabaseSlowError,
  DatabaseUnreachableError,
} from '../../../src/cloudvm/database/database-errors.ts';
import { isReadRepeatable, translateDriverError } from '../../../src/cloudvm/database/driver-errors.ts';

test('a full disk is distinguished from other errors of the server', () => {
  const full = new MongoServerError({ message: 'no space left', code: 14031 });
  expect(translateDriverError(full, 'db.example')).toBeInstanceOf(DatabaseFullError);
  const other = new MongoServerError({ message: 'something else', code: 8000 });
  expect(translateDriverError(other, 'db.example')).toBe(other);
});

test('a wait for a connection that takes too long is reported as a slow database', () => {
  // The driver does not export the class.
  const timeout = Object.defineProperty(new MongoRuntimeError('timed out'), 'name', {
    value: 'MongoWaitQueueTimeoutError',
  });
  expect(translateDriverError(timeout, 'db.example')).toBeInstanceOf(DatabaseSlowError);
});

test.each(['EPIPE', 'ECONNRESET'])(
  "a socket's own error %s, which the driver passes on, is one of the network",
  (code) => {
    const error = Object.assign(new Error(`write ${code}`), { code, syscall: 'write', errno: -1 });
    expect(translateDriverError(error, 'db.example')).toBeInstanceOf(DatabaseUnreachableError);
    expect(isReadRepeatable(error)).toBe(true);
  },
);

test('an error of the file system is not one of the network', () => {
  const error = Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' });
  expect(translateDriverError(error, 'db.example')).toBe(error);
});
