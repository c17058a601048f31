import { MongoRuntimeError, MongoServerError } from 'mongodb';
import { expect, test } from 'vitest';
import { translateDriverError } from '../../../src/cloudvm/database/driver-errors.ts';
import { DatabaseFullError, DatabaseSlowError } from '../../../src/cloudvm/database/errors.ts';

test('a database without room for more is told from one with a defect', () => {
  const full = new MongoServerError({ message: 'no space left', code: 14031 });
  expect(translateDriverError(full)).toBeInstanceOf(DatabaseFullError);
  const other = new MongoServerError({ message: 'something else', code: 8000 });
  expect(translateDriverError(other)).toBe(other);
});

test('a connection that did not become free in time is told from too many operations at once', () => {
  // The driver does not export the class.
  const timeout = Object.defineProperty(new MongoRuntimeError('timed out'), 'name', {
    value: 'MongoWaitQueueTimeoutError',
  });
  expect(translateDriverError(timeout)).toBeInstanceOf(DatabaseSlowError);
});
