/**
 * Messages of the wire protocol: OP_MSG for everything, OP_QUERY for a driver's first hello. Decodes
 * requests and encodes replies; knows nothing of commands. (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/)
 */
import { deserialize } from 'bson';
import type { BsonDocument } from '../bson/value.ts';
import { ProtocolError } from '../errors.ts';
import { HEADER_BYTES } from './frames.ts';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
const EXHAUST_ALLOWED = 1 << 16;
/** Bits 0 to 15 must be understood by whoever reads the message. */
const REQUIRED_BITS = 0xffff;
const CHECKSUM_BYTES = 4;
const KIND_BODY = 0;
const KIND_SEQUENCE = 1;
/** OP_REPLY: the server can wait for data in getMore; every server since 1.6 says so. */
const AWAIT_CAPABLE = 8;

/** Fields whose documents are kept as bytes, so that an insert stores what was sent. */
const RAW_FIELDS = { documents: true };

export interface Request {
  readonly requestId: number;
  readonly legacy: boolean;
  /** False for moreToCome: nobody reads an answer. */
  readonly expectsReply: boolean;
  readonly database: string;
  readonly command: BsonDocument;
  /** Documents sent as sections of kind 1, or as the raw fields of the body. */
  readonly sequences: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** @throws ProtocolError for anything that is no well-formed request */
export function parseRequest(message: Buffer): Request {
  const requestId = message.readInt32LE(4);
  const opCode = message.readInt32LE(12);
  if (opCode === OP_MSG) return parseOpMsg(message, requestId);
  if (opCode === OP_QUERY) return parseOpQuery(message, requestId);
  throw new ProtocolError(`operation code ${opCode}`);
}

/** @param body the reply's BSON */
export function encodeReply(request: Request, replyId: number, body: Uint8Array): Uint8Array[] {
  const prefix = Buffer.alloc(HEADER_BYTES + (request.legacy ? 20 : 5));
  prefix.writeInt32LE(prefix.length + body.length, 0);
  prefix.writeInt32LE(replyId, 4);
  prefix.writeInt32LE(request.requestId, 8);
  if (request.legacy) {
    prefix.writeInt32LE(OP_REPLY, 12);
    prefix.writeInt32LE(AWAIT_CAPABLE, 16);
    // Cursor 0 and starting position 0 stay as they are; one document follows.
    prefix.writeInt32LE(1, 32);
  } else {
    // No flags, then one section of kind 0.
    prefix.writeInt32LE(OP_MSG, 12);
  }
  return [prefix, body];
}

function parseOpMsg(message: Buffer, requestId: number): Request {
  if (message.length < HEADER_BYTES + 4 + 1 + 5) throw new ProtocolError('an OP_MSG without a body');
  const flags = message.readUInt32LE(HEADER_BYTES);
  const known = CHECKSUM_PRESENT | MORE_TO_COME | EXHAUST_ALLOWED;
  if ((flags & REQUIRED_BITS & ~known) !== 0) throw new ProtocolError(`OP_MSG flags ${flags}`);
  // The checksum is optional to check; a Unix socket does not damage bytes.
  const end = message.length - ((flags & CHECKSUM_PRESENT) !== 0 ? CHECKSUM_BYTES : 0);
  const sequences = new Map<string, readonly Uint8Array[]>();
  let body: BsonDocument | undefined;
  let position = HEADER_BYTES + 4;
  while (position < end) {
    const kind = message[position];
    const length = lengthAt(message, position + 1, end);
    const section = message.subarray(position + 1, position + 1 + length);
    if (kind === KIND_BODY && body === undefined) {
      body = parseBody(section, sequences);
    } else if (kind === KIND_SEQUENCE) {
      parseSequence(section, sequences);
    } else {
      throw new ProtocolError(kind === KIND_BODY ? 'a second body' : `a section of kind ${kind}`);
    }
    position += 1 + length;
  }
  if (body === undefined) throw new ProtocolError('an OP_MSG without a body');
  const database = body['$db'];
  return {
    requestId,
    legacy: false,
    expectsReply: (flags & MORE_TO_COME) === 0,
    database: typeof database === 'string' ? database : '',
    command: body,
    sequences,
  };
}

function parseSequence(section: Buffer, sequences: Map<string, readonly Uint8Array[]>): void {
  const nameEnd = section.indexOf(0, 4);
  if (nameEnd < 0) throw new ProtocolError('a document sequence without a name');
  const name = section.toString('utf8', 4, nameEnd);
  if (sequences.has(name)) throw new ProtocolError(`two document sequences "${name}"`);
  const documents: Uint8Array[] = [];
  let position = nameEnd + 1;
  while (position < section.length) {
    const length = lengthAt(section, position, section.length);
    documents.push(section.subarray(position, position + length));
    position += length;
  }
  sequences.set(name, documents);
}

function parseBody(bytes: Buffer, sequences: Map<string, readonly Uint8Array[]>): BsonDocument {
  const body = parseDocument(bytes);
  for (const name of Object.keys(RAW_FIELDS)) {
    const documents: unknown = body[name];
    if (!Array.isArray(documents) || !documents.every((document) => document instanceof Uint8Array)) continue;
    if (sequences.has(name)) throw new ProtocolError(`"${name}" both in the body and as a sequence`);
    sequences.set(name, documents);
    delete body[name];
  }
  return body;
}

function parseOpQuery(message: Buffer, requestId: number): Request {
  const nameStart = HEADER_BYTES + 4;
  const nameEnd = message.indexOf(0, nameStart);
  const bodyStart = nameEnd + 1 + 8;
  if (nameEnd < 0 || bodyStart + 5 > message.length) throw new ProtocolError('an OP_QUERY without a query');
  const name = message.toString('utf8', nameStart, nameEnd);
  if (!name.endsWith('.$cmd'))
    throw new ProtocolError(`an OP_QUERY on "${name.slice(0, 100)}", which is no command`);
  const length = lengthAt(message, bodyStart, message.length);
  const query = parseDocument(message.subarray(bodyStart, bodyStart + length));
  return {
    requestId,
    legacy: true,
    expectsReply: true,
    database: name.slice(0, -'.$cmd'.length),
    command: query,
    sequences: new Map(),
  };
}

function parseDocument(bytes: Buffer): BsonDocument {
  try {
    return deserialize(bytes, {
      promoteValues: false,
      bsonRegExp: true,
      fieldsAsRaw: RAW_FIELDS,
    }) as BsonDocument;
  } catch (error) {
    throw new ProtocolError('a body that is no BSON', { cause: error });
  }
}

/** The length that opens a document or a sequence, checked against where it has to end. */
function lengthAt(bytes: Buffer, position: number, end: number): number {
  if (position + 5 > end) throw new ProtocolError('a truncated section');
  const length = bytes.readInt32LE(position);
  if (length < 5 || position + length > end) throw new ProtocolError(`a section of ${length} bytes`);
  return length;
}
