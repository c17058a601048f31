/** Cursors as a hostile client may send them. */
import fc from 'fast-check';
import { ObjectId } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { InvalidCursorError } from '../../../../src/cloudvm/database/newest-first.ts';
import {
  afterCursor,
  encodeCursor,
  VM_SORTS,
  type VmSort,
} from '../../../../src/cloudvm/vms/repository/vm-cursor.ts';

const sorts = fc.constantFrom<VmSort>(...VM_SORTS);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const ID = '0123456789abcdef01234567';

describe('cursors', () => {
  test('the cursor of any VM leads to the VMs after it', () => {
    const names = fc.string({ unit: 'binary', maxLength: 64 });
    const times = fc.date({ noInvalidDate: true });
    fc.assert(
      fc.property(sorts, names, times, (sort, name, createdAt) => {
        const _id = new ObjectId(ID);
        const condition = afterCursor(
          sort,
          encodeCursor(sort, { _id, name: name.toWellFormed(), createdAt }),
        );
        const field = sort.replace('-', '');
        const bound = sort.startsWith('-') ? '$lte' : '$gte';
        expect(condition).toHaveProperty(field, {
          [bound]: field === 'name' ? name.toWellFormed() : createdAt,
        });
      }),
    );
  });

  test('arbitrary text is refused with InvalidCursorError', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String().map((text) => text.replaceAll('=', '')),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    );
    fc.assert(
      fc.property(sorts, texts, (sort, cursor) => {
        expect(() => afterCursor(sort, cursor)).toThrow(InvalidCursorError);
      }),
    );
  });

  test.each([
    ['empty', ''],
    ['not base64url', '!!!'],
    ['padded', `${encode(['name', 'a', ID])}=`],
    ['too long', encode(['name', 'a'.repeat(2_000), ID])],
    ['a name too long', encode(['name', 'a'.repeat(257), ID])],
    ['of another sort order', encode(['-name', 'a', ID])],
    ['an operator for a value', encode(['name', { $gt: '' }, ID])],
    ['a number for a name', encode(['name', 1, ID])],
    ['an operator for an id', encode(['name', 'a', { $ne: null }])],
    ['a malformed id', encode(['name', 'a', 'xyz'])],
    ['too few parts', encode(['name', 'a'])],
    ['too many parts', encode(['name', 'a', ID, 1])],
    ['an object', encode({ 0: 'name', 1: 'a', 2: ID, length: 3 })],
  ])('a cursor is refused when it is %s', (_, cursor) => {
    expect(() => afterCursor('name', cursor)).toThrow(InvalidCursorError);
  });

  test.each([1e300, 8.64e15 + 2, -8.64e15 - 2, 1.5, '2020-01-01', null, true])(
    '%s is not a valid time',
    (value) => {
      expect(() => afterCursor('createdAt', encode(['createdAt', value, ID]))).toThrow(InvalidCursorError);
    },
  );
});
