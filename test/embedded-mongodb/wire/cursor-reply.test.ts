import { Double, serialize } from 'bson';
import { expect, test } from 'vitest';
import { CursorReply } from '../../../src/embedded-mongodb/wire/cursor-reply.ts';

test.each([
  { documents: 0, namespace: 'test.things' },
  { documents: 1, namespace: 't.ü' },
  { documents: 1234, namespace: `test.${'ü'.repeat(120)}` },
])(
  'a cursor reply with $documents documents is what the bson package encodes',
  ({ documents, namespace }) => {
    const batch = Array.from({ length: documents }, (_, index) => ({
      _id: index,
      text: 'x'.repeat(index % 50),
    }));
    const id = 2n ** 62n + 1n;
    const reply = new CursorReply('nextBatch');
    for (const document of batch) reply.add(serialize(document));
    const expected = serialize({ cursor: { nextBatch: batch, id, ns: namespace }, ok: new Double(1) });
    expect(Buffer.compare(reply.encode(id, namespace), expected)).toBe(0);
  },
);
