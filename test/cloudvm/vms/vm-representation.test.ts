/** The JSON of stored VMs, written from their bytes, against the JSON of the same VMs as objects. */
import fc from 'fast-check';
import { BSON, Double, Long, ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { StoredVm } from '../../../src/cloudvm/vms/repository/stored-vm.ts';
import { newVmDocument, type VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { VM_PROVIDERS, VM_SIZES, VM_STATUSES } from '../../../src/cloudvm/vms/vm.ts';
import { representPage, representStoredVm, representVm } from '../../../src/cloudvm/vms/vm-representation.ts';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constant('a "quote" \\ \u0000 \u2028'),
);
const time = fc.date({ noInvalidDate: true });
const hexadecimalId = fc.stringMatching(/^[0-9a-f]{24}$/);
const objectId = hexadecimalId.map((id) => ObjectId.createFromHexString(id));

const vmDocument: fc.Arbitrary<VmDocument> = fc.record({
  _id: objectId,
  ownerId: objectId,
  name: text,
  provider: fc.constantFrom(...VM_PROVIDERS),
  region: text,
  instanceId: text,
  size: fc.constantFrom(...VM_SIZES),
  status: fc.constantFrom(...VM_STATUSES),
  tags: fc.array(fc.record({ key: text, value: text }), { maxLength: 20 }),
  createdAt: time,
  updatedAt: time,
  version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  tagTexts: fc.array(text),
  lastWrite: objectId,
});

const bytesOf = (document: object) => Buffer.from(BSON.serialize(document));
const stored = (document: object) => new StoredVm(bytesOf(document));
const example = newVmDocument(new ObjectId(), {
  name: 'web',
  provider: 'aws',
  region: 'eu-west-1',
  size: 'small',
  tags: [
    { key: 'team', value: 'öffentlich 🚀' },
    { key: 'note', value: '' },
  ],
});

test('a stored VM has the JSON and the version of its object', () => {
  fc.assert(
    fc.property(vmDocument, (document) => {
      const vm = stored(document);
      expect(vm.identity).toMatchObject({
        id: document._id.toHexString(),
        ownerId: document.ownerId.toHexString(),
      });
      expect(representStoredVm(vm)).toEqual(representVm(vm.toVm()));
    }),
  );
});

test('a VM as this application stores it is not decoded', () => {
  const vm = stored(example);
  vm.toVm = () => expect.unreachable();
  expect(JSON.parse(representStoredVm(vm).json)).toMatchObject({
    name: 'web',
    tags: example.tags,
    version: 1,
  });
});

const { _id, name, tags, version, ...others } = example;
test.each([
  ['fields in another order', { version, tags, ...others, name, _id }],
  ['a version that is a double', { ...example, version: new Double(7) }],
  ['a version that is a long', { ...example, version: Long.fromNumber(7) }],
  [
    'a field that this application does not know, in between',
    { _id, extra: 1, ...others, name, tags, version },
  ],
  ['a field that this application does not know, at the end', { ...example, extra: 1 }],
  [
    'a field that this application does not know, in a tag',
    { ...example, tags: [{ key: 'a', value: 'b', c: 1 }] },
  ],
  ['a tag in another order', { ...example, tags: [{ value: 'b', key: 'a' }] }],
  ['no tags', { ...example, tags: [] }],
])('a document with %s comes out the same', (_, document) => {
  const vm = stored(document);
  expect(vm.identity).toMatchObject({ id: _id.toHexString(), ownerId: example.ownerId.toHexString() });
  expect(representStoredVm(vm)).toEqual(representVm(vm.toVm()));
});

test('bytes that are damaged are never shown as another VM: they are refused, or come out the same', () => {
  const sound = bytesOf(example);
  fc.assert(
    fc.property(fc.nat(sound.length - 1), fc.nat(255), (position, value) => {
      const bytes = Buffer.from(sound);
      bytes[position] = value;
      const outcome = (represent: (vm: StoredVm) => unknown) => {
        try {
          return represent(new StoredVm(bytes));
        } catch {
          return 'refused';
        }
      };
      const slow = outcome((vm) => representVm(vm.toVm()));
      // Decoding looks at the whole document, also at what is not shown.
      if (slow !== 'refused') expect(outcome(representStoredVm)).toEqual(slow);
    }),
    { numRuns: 2_000 },
  );
});

test('a VM after one that cannot be decoded, or that is larger than any before, has its own JSON', () => {
  expect(() => representStoredVm(new StoredVm(Buffer.from([1, 2, 3])))).toThrow();
  const large = stored({ ...example, name: '\u0001'.repeat(100_000) });
  expect(representStoredVm(large)).toEqual(representVm(large.toVm()));
  const many = stored({ ...example, tags: Array.from({ length: 2_000 }, () => ({ key: 'ä', value: '' })) });
  expect(representStoredVm(many)).toEqual(representVm(many.toVm()));
  expect(representStoredVm(stored(example))).toEqual(representVm(stored(example).toVm()));
});

test('a page holds the JSON of its VMs', () => {
  const vms = [stored(example), stored({ ...example, name: 'a "b"' })];
  const json = representPage({ vms, total: 2, nextCursor: 'next "page"' });
  expect(JSON.parse(json)).toEqual({
    vms: vms.map((vm) => JSON.parse(representVm(vm.toVm()).json)),
    total: 2,
    nextCursor: 'next "page"',
  });
  expect(representPage({ vms: [], total: 0, nextCursor: null })).toBe(
    '{"vms":[],"total":0,"nextCursor":null}',
  );
});
