/**
 * A reply with a batch of documents: `{cursor: {firstBatch: […], id, ns}, ok: 1}`. It copies the stored bytes
 * of each document into its place, so that they are neither decoded nor encoded again. Made by the commands
 * that return cursors.
 */
import { ElementType } from '../bson/element-type.ts';

const LENGTH_BYTES = 4;
/** Holds a document of ordinary size, and comes from the pool of Node.js. */
const FIRST_CAPACITY = 1024;
/** Holds a page of them. */
const SECOND_CAPACITY = 16 * 1024;
/** What an element has beside its document, at most: its type, and its position as a text. */
const ELEMENT_HEAD_BYTES = 12;
/** What follows the batch, beside the namespace. */
const END_BYTES = 48;

export class CursorReply {
  /** How many documents there are. */
  count = 0;
  documentBytes = 0;
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;
  readonly #cursorStart: number;
  readonly #batchStart: number;

  constructor(batchName: 'firstBatch' | 'nextBatch') {
    this.#begin();
    this.#head(ElementType.document, 'cursor');
    this.#cursorStart = this.#begin();
    this.#head(ElementType.array, batchName);
    this.#batchStart = this.#begin();
  }

  /** Copies the document. */
  add(document: Uint8Array): void {
    this.#reserve(ELEMENT_HEAD_BYTES + document.length);
    this.#head(ElementType.document, String(this.count));
    this.#bytes.set(document, this.#length);
    this.#length += document.length;
    this.count += 1;
    this.documentBytes += document.length;
  }

  /** Ends the reply. */
  encode(cursorId: bigint, namespace: string): Uint8Array {
    this.#reserve(END_BYTES + Buffer.byteLength(namespace));
    this.#end(this.#batchStart);
    this.#head(ElementType.int64, 'id');
    this.#length = this.#bytes.writeBigInt64LE(cursorId, this.#length);
    this.#head(ElementType.string, 'ns');
    this.#string(namespace);
    this.#end(this.#cursorStart);
    this.#head(ElementType.double, 'ok');
    this.#length = this.#bytes.writeDoubleLE(1, this.#length);
    this.#end(0);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins a document or an array. @returns its start, for `#end` */
  #begin(): number {
    const start = this.#length;
    this.#length += LENGTH_BYTES;
    return start;
  }

  #end(start: number): void {
    this.#byte(0);
    this.#bytes.writeInt32LE(this.#length - start, start);
  }

  /** @param name of ASCII characters */
  #head(type: number, name: string): void {
    this.#byte(type);
    // The names are short, so this loop is faster than a call of `write`.
    for (let index = 0; index < name.length; index += 1) this.#byte(name.charCodeAt(index));
    this.#byte(0);
  }

  #string(text: string): void {
    const start = this.#begin();
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
    this.#byte(0);
    this.#bytes.writeInt32LE(this.#length - start - LENGTH_BYTES, start);
  }

  #byte(value: number): void {
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, SECOND_CAPACITY, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
