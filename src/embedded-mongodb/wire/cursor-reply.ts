/**
 * Encodes a reply with a batch of documents: `{cursor: {firstBatch: […], id, ns}, ok: 1}`. It copies the
 * stored bytes of the documents, once, so that they are neither decoded nor encoded again. Called by the
 * commands that return cursors.
 */

const TYPE_DOUBLE = 0x01;
const TYPE_STRING = 0x02;
const TYPE_DOCUMENT = 0x03;
const TYPE_ARRAY = 0x04;
const TYPE_INT64 = 0x12;

/** What the reply has at most beside the elements of the batch and the namespace. */
const FRAME_BYTES = 80;
/** What an element has at most beside its document: the type, and its position as a text. */
const ELEMENT_HEAD_BYTES = 12;

export function encodeCursorReply(
  batchName: 'firstBatch' | 'nextBatch',
  batch: readonly Uint8Array[],
  cursorId: bigint,
  namespace: string,
): Uint8Array {
  const documentBytes = batch.reduce((sum, document) => sum + ELEMENT_HEAD_BYTES + document.length, 0);
  const writer = new ReplyWriter(FRAME_BYTES + documentBytes + Buffer.byteLength(namespace));
  const reply = writer.begin();
  writer.head(TYPE_DOCUMENT, 'cursor');
  const cursor = writer.begin();
  writer.head(TYPE_ARRAY, batchName);
  const documents = writer.begin();
  batch.forEach((document, position) => {
    writer.head(TYPE_DOCUMENT, String(position));
    writer.copy(document);
  });
  writer.end(documents);
  writer.int64('id', cursorId);
  writer.string('ns', namespace);
  writer.end(cursor);
  writer.double('ok', 1);
  writer.end(reply);
  return writer.written();
}

/** Writes BSON into memory that is large enough. */
class ReplyWriter {
  readonly #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** Begins a document or an array. @returns what `end` needs to write its length */
  begin(): number {
    this.#length += 4;
    return this.#length - 4;
  }

  end(start: number): void {
    this.#byte(0);
    this.#bytes.writeInt32LE(this.#length - start, start);
  }

  /** @param name of ASCII characters */
  head(type: number, name: string): void {
    this.#byte(type);
    // The names are short, so this loop is faster than a call of `write`.
    for (let index = 0; index < name.length; index += 1) this.#byte(name.charCodeAt(index));
    this.#byte(0);
  }

  copy(document: Uint8Array): void {
    this.#bytes.set(document, this.#length);
    this.#length += document.length;
  }

  int64(name: string, value: bigint): void {
    this.head(TYPE_INT64, name);
    this.#length = this.#bytes.writeBigInt64LE(value, this.#length);
  }

  double(name: string, value: number): void {
    this.head(TYPE_DOUBLE, name);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  string(name: string, value: string): void {
    this.head(TYPE_STRING, name);
    const start = this.#length;
    this.#length = start + 4 + this.#bytes.write(value, start + 4, 'utf8');
    this.#byte(0);
    this.#bytes.writeInt32LE(this.#length - start - 4, start);
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #byte(value: number): void {
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }
}
