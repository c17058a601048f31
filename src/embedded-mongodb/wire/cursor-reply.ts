/**
 * Encodes a reply with a batch of documents: `{cursor: {firstBatch: […], id, ns}, ok: 1}`. It copies the
 * stored bytes of the documents, so that they are neither decoded nor encoded again. Called by the commands
 * that return cursors.
 */

const TYPE_DOUBLE = 0x01;
const TYPE_STRING = 0x02;
const TYPE_DOCUMENT = 0x03;
const TYPE_ARRAY = 0x04;
const TYPE_INT64 = 0x12;

export function encodeCursorReply(
  batchName: 'firstBatch' | 'nextBatch',
  batch: readonly Uint8Array[],
  cursorId: bigint,
  namespace: string,
): Uint8Array {
  const parts: Uint8Array[] = [];
  batch.forEach((document, index) => {
    parts.push(Buffer.from([TYPE_DOCUMENT, ...Buffer.from(`${index}\0`, 'latin1')]), document);
  });
  const id = Buffer.alloc(8);
  id.writeBigInt64LE(cursorId);
  const cursor = documentOf([
    element(TYPE_ARRAY, batchName, documentOf(parts)),
    element(TYPE_INT64, 'id', id),
    element(TYPE_STRING, 'ns', stringOf(namespace)),
  ]);
  const ok = Buffer.alloc(8);
  ok.writeDoubleLE(1);
  return documentOf([element(TYPE_DOCUMENT, 'cursor', cursor), element(TYPE_DOUBLE, 'ok', ok)]);
}

function element(type: number, name: string, value: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(type), Buffer.from(`${name}\0`, 'utf8'), value]);
}

function documentOf(elements: readonly Uint8Array[]): Uint8Array {
  const length = elements.reduce((sum, part) => sum + part.length, 5);
  const head = Buffer.alloc(4);
  head.writeInt32LE(length);
  return Buffer.concat([head, ...elements, Buffer.of(0)], length);
}

function stringOf(text: string): Uint8Array {
  const bytes = Buffer.from(`${text}\0`, 'utf8');
  const head = Buffer.alloc(4);
  head.writeInt32LE(bytes.length);
  return Buffer.concat([head, bytes]);
}
