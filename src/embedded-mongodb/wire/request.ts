/**
 * Decodes requests: OP_MSG for all commands, and OP_QUERY for the first hello of a driver. Called by
 * connections.
 */
import { Decoder } from '../bson/decoder.ts';
import type { BsonDocument } from '../bson/value.ts';
import { HEADER_BYTES, OP_MSG, OP_QUERY } from './protocol.ts';
import { ProtocolError } from './protocol-error.ts';

const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
const EXHAUST_ALLOWED = 1 << 16;
const KNOWN_FLAGS = CHECKSUM_PRESENT | MORE_TO_COME | EXHAUST_ALLOWED;
/** A reader must refuse a message if it does not know all of the flag bits 0 to 15. */
const REQUIRED_BITS = 0xffff;
const CHECKSUM_BYTES = 4;
const KIND_BODY = 0;
const KIND_SEQUENCE = 1;
/** The documents of this field stay bytes, so that an insert stores exactly what was sent. */
const RAW_FIELD = 'documents';

export interface WireRequest {
  readonly requestId: number;
  /** Sent as OP_QUERY, so the reply is an OP_REPLY. */
  readonly legacy: boolean;
  /** False if the client set moreToCome and reads no reply. */
  readonly expectsReply: boolean;
  readonly database: string;
  readonly command: BsonDocument;
  /** Documents from sections of kind 1 and from the raw field of the body. */
  readonly sequences: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** @throws ProtocolError if the message is not a well-formed request */
export function parseRequest(message: Buffer): WireRequest {
  const requestId = message.readInt32LE(4);
  const opCode = message.readInt32LE(12);
  if (opCode === OP_MSG) return parseOpMsg(message, requestId);
  if (opCode === OP_QUERY) return parseOpQuery(message, requestId);
  throw new ProtocolError(`operation code ${opCode} is not supported`);
}

function parseOpMsg(message: Buffer, requestId: number): WireRequest {
  if (message.length < HEADER_BYTES + 4 + 1 + 5) throw new ProtocolError('an OP_MSG has no body');
  const flags = message.readUInt32LE(HEADER_BYTES);
  if ((flags & REQUIRED_BITS & ~KNOWN_FLAGS) !== 0) {
    throw new ProtocolError(`the OP_MSG flags ${flags} are not supported`);
  }
  // Checking the checksum is optional, and a Unix socket does not damage bytes.
  const end = message.length - ((flags & CHECKSUM_PRESENT) !== 0 ? CHECKSUM_BYTES : 0);
  const { body, sequences } = parseSections(message, HEADER_BYTES + 4, end);
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

type Sequences = Map<string, readonly Uint8Array[]>;

function parseSections(
  message: Buffer,
  start: number,
  end: number,
): { body: BsonDocument; sequences: Sequences } {
  const sequences: Sequences = new Map();
  let body: BsonDocument | undefined;
  let position = start;
  while (position < end) {
    const kind = message[position];
    const length = lengthAt(message, position + 1, end);
    const section = message.subarray(position + 1, position + 1 + length);
    if (kind === KIND_BODY) {
      if (body !== undefined) throw new ProtocolError('an OP_MSG has two bodies');
      body = parseBody(section, sequences);
    } else if (kind === KIND_SEQUENCE) {
      parseSequence(section, sequences);
    } else {
      throw new ProtocolError(`section kind ${kind} is not supported`);
    }
    position += 1 + length;
  }
  if (body === undefined) throw new ProtocolError('an OP_MSG has no body');
  return { body, sequences };
}

function parseSequence(section: Buffer, sequences: Sequences): void {
  const nameEnd = section.indexOf(0, 4);
  if (nameEnd < 0) throw new ProtocolError('a document sequence has no name');
  const name = section.toString('utf8', 4, nameEnd);
  if (sequences.has(name)) throw new ProtocolError(`there are two document sequences "${name}"`);
  const documents: Uint8Array[] = [];
  let position = nameEnd + 1;
  while (position < section.length) {
    const length = lengthAt(section, position, section.length);
    documents.push(section.subarray(position, position + length));
    position += length;
  }
  sequences.set(name, documents);
}

function parseBody(bytes: Buffer, sequences: Sequences): BsonDocument {
  const { document, documents } = parseDocument(bytes);
  if (documents === undefined) return document;
  if (sequences.has(RAW_FIELD))
    throw new ProtocolError(`"${RAW_FIELD}" is both in the body and a document sequence`);
  sequences.set(RAW_FIELD, documents);
  return document;
}

function parseOpQuery(message: Buffer, requestId: number): WireRequest {
  const nameStart = HEADER_BYTES + 4;
  const nameEnd = message.indexOf(0, nameStart);
  const bodyStart = nameEnd + 1 + 8;
  if (nameEnd < 0 || bodyStart + 5 > message.length) throw new ProtocolError('an OP_QUERY has no query');
  const name = message.toString('utf8', nameStart, nameEnd);
  if (!name.endsWith('.$cmd'))
    throw new ProtocolError(`an OP_QUERY on "${name.slice(0, 100)}" is not a command`);
  const length = lengthAt(message, bodyStart, message.length);
  const query = parseDocument(message.subarray(bodyStart, bodyStart + length)).document;
  return {
    requestId,
    legacy: true,
    expectsReply: true,
    database: name.slice(0, -'.$cmd'.length),
    command: query,
    sequences: new Map(),
  };
}

function parseDocument(bytes: Buffer): ReturnType<Decoder['whole']> {
  try {
    return new Decoder(bytes).whole(RAW_FIELD);
  } catch (error) {
    throw new ProtocolError('a body is not valid BSON', { cause: error });
  }
}

/** Reads the length at the start of a document or a sequence, which must end before `end`. */
function lengthAt(bytes: Buffer, position: number, end: number): number {
  if (position + 5 > end) throw new ProtocolError('a section is truncated');
  const length = bytes.readInt32LE(position);
  if (length < 5 || position + length > end) throw new ProtocolError(`a section cannot have ${length} bytes`);
  return length;
}
