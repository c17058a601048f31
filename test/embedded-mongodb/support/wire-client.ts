/**
 * A client that writes the wire protocol by hand. It can send what the driver never sends: messages split and
 * joined anywhere, checksums, unacknowledged commands and malformed messages.
 */
import type { Socket } from 'node:net';
import { type Document, deserialize, serialize } from 'bson';

export function socketPath(uri: string): string {
  return decodeURIComponent(/^mongodb:\/\/([^/]+)\//.exec(uri)?.[1] ?? '');
}

const OP_MSG = 2013;
const OP_QUERY = 2004;

export interface MessageOptions {
  readonly flags?: number;
  readonly checksum?: boolean;
  readonly sequences?: Readonly<Record<string, readonly Document[]>>;
  readonly requestId?: number;
}

/** @param command as BSON already, if the bson package would encode it as something else */
export function message(command: Document | Uint8Array, options: MessageOptions = {}): Buffer {
  const { flags = 0, checksum = false, sequences = {}, requestId = 1 } = options;
  const body = command instanceof Uint8Array ? command : serialize(command);
  const sections: Uint8Array[] = [Buffer.of(0), body];
  for (const [name, documents] of Object.entries(sequences)) {
    const content = Buffer.concat([
      Buffer.from(`${name}\0`),
      ...documents.map((document) => serialize(document)),
    ]);
    sections.push(Buffer.of(1), int32(content.length + 4), content);
  }
  const trailer = checksum ? [Buffer.from('00000000', 'hex')] : [];
  return frame(OP_MSG, requestId, [int32(flags | (checksum ? 1 : 0)), ...sections, ...trailer]);
}

export function query(namespace: string, command: Document): Buffer {
  return frame(OP_QUERY, 1, [
    int32(0),
    Buffer.from(`${namespace}\0`),
    int32(0),
    int32(-1),
    serialize(command),
  ]);
}

export function frame(opCode: number, requestId: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 16), int32(requestId), int32(0), int32(opCode), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

export interface Reply {
  readonly responseTo: number;
  readonly opCode: number;
  readonly document: Document;
}

export class WireClient {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #length = 0;
  #waiting: ((reply: Reply) => void)[] = [];
  #replies: Reply[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  reply(): Promise<Reply> {
    const reply = this.#replies.shift();
    if (reply !== undefined) return Promise.resolve(reply);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async command(document: Document, options: MessageOptions = {}): Promise<Document> {
    this.send(message(document, options));
    return (await this.reply()).document;
  }

  #receive(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    // Replies may be large, so their pieces are joined only when they are complete.
    while (this.#length >= 4 && this.#length >= this.#replyLength()) {
      const received = Buffer.concat(this.#pieces);
      const length = this.#replyLength();
      const reply = parse(received.subarray(0, length));
      this.#pieces = [received.subarray(length)];
      this.#length -= length;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#replies.push(reply);
      else waiting(reply);
    }
  }

  #replyLength(): number {
    const [first] = this.#pieces;
    if (first !== undefined && first.length < 4) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]?.readInt32LE(0) ?? 0;
  }
}

function parse(bytes: Buffer): Reply {
  const opCode = bytes.readInt32LE(12);
  const document = deserialize(bytes.subarray(opCode === OP_MSG ? 21 : 36));
  return { responseTo: bytes.readInt32LE(8), opCode, document };
}
