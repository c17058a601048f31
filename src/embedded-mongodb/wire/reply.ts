/** Puts the header in front of a reply. Called by connections. */
import { HEADER_BYTES, OP_MSG, OP_REPLY } from './protocol.ts';
import type { WireRequest } from './request.ts';

/** A flag of OP_REPLY, set by every server since 1.6. */
const AWAIT_CAPABLE = 8;

/** @param body the reply's BSON */
export function encodeReply(request: WireRequest, replyId: number, body: Uint8Array): Uint8Array[] {
  const prefix = Buffer.alloc(HEADER_BYTES + (request.legacy ? 20 : 5));
  prefix.writeInt32LE(prefix.length + body.length, 0);
  prefix.writeInt32LE(replyId, 4);
  prefix.writeInt32LE(request.requestId, 8);
  if (request.legacy) {
    prefix.writeInt32LE(OP_REPLY, 12);
    prefix.writeInt32LE(AWAIT_CAPABLE, 16);
    // The cursor and the starting position stay 0. One document follows.
    prefix.writeInt32LE(1, 32);
  } else {
    // The flags and the section's kind stay 0.
    prefix.writeInt32LE(OP_MSG, 12);
  }
  return [prefix, body];
}
