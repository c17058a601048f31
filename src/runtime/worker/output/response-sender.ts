/**
 * Sends a response that does not fit at once: a long body, or a stream. It may wait for room and credit, so
 * only suspended turns call it (turn/send-response.ts). Worker threads only.
 */

import { ResponseError } from '../../http/application-errors.ts';
import { type BodyPiece, type BodyStream, discardBody } from '../../http/response/body-stream.ts';
import type { OutgoingResponse } from '../../http/response/outgoing-response.ts';
import {
  encodeChunk,
  encodeHead,
  type HeadOptions,
  isChunked,
  LAST_CHUNK,
} from '../../http/response/response-head.ts';
import type { EventLoopRound } from '../event-loop-round.ts';
import type { Output } from './output.ts';
import type { BorrowedBytes, SpareBuffers } from './spare-buffers.ts';
import type { UnsentMemory } from './unsent-memory.ts';

const NOTHING = '';
const LAST_CHUNK_BYTES = Buffer.from(LAST_CHUNK, 'latin1');

export interface Sending {
  readonly output: Output;
  readonly response: OutgoingResponse;
  readonly options: HeadOptions;
  readonly unsent: UnsentMemory;
  readonly spareBuffers: SpareBuffers;
  readonly round: EventLoopRound;
  /** Called when the resources of a stream cannot be released. */
  readonly onError: (error: unknown) => void;
}

/**
 * Sends what fits now from where it is. What waits is a copy, because the handler has finished and may reuse
 * its buffer meanwhile, and because a text would wait on the heap, which is bounded.
 * @param body null if none is to be sent
 * @throws OutputAbortedError
 */
export function sendSlowly(sending: Sending, body: string | Uint8Array | null): Promise<void> {
  const { output, response, options, spareBuffers } = sending;
  const head = encodeHead(response, options);
  const content = body === null ? NOTHING : oneByteForm(body, options.bodyLength);
  const written = output.writeBeginning(head, content);
  const rest = spareBuffers.copy(content, written);
  response.forgetBody();
  return sendRest(output, written === 0 ? head : '', rest);
}

async function sendRest(output: Output, head: string, rest: BorrowedBytes): Promise<void> {
  using borrowed = rest;
  if (head !== '') await output.writeAll(Buffer.from(head, 'latin1'));
  await output.writeAll(borrowed.bytes);
}

/** ASCII text stays as it is, other text is encoded. */
function oneByteForm(body: string | Uint8Array, length: number | null): string | Uint8Array {
  return typeof body === 'string' && body.length !== length ? Buffer.from(body) : body;
}

/** @throws OutputAbortedError, or the error of the stream. The response is then incomplete */
export async function sendStream(sending: Sending, body: BodyStream): Promise<void> {
  const { output, response, options } = sending;
  let pieces: AsyncIterator<BodyPiece> | null = null;
  try {
    await output.writeAll(Buffer.from(encodeHead(response, options), 'latin1'));
    if (options.isHead) {
      await output.unlessAborted(discardBody(body));
      return;
    }
    pieces = body[Symbol.asyncIterator]();
    await sendPieces(sending, pieces);
  } catch (error) {
    // Nobody waits for a stream that was given up, but its resources must be released.
    const released = pieces === null ? discardBody(body) : Promise.resolve(pieces.return?.());
    released.catch(sending.onError);
    throw error;
  }
}

async function sendPieces(sending: Sending, pieces: AsyncIterator<BodyPiece>): Promise<void> {
  const { response, options } = sending;
  if (response.streamLength !== null) return await sendExactly(response.streamLength, sending, pieces);
  const chunked = isChunked(response, options);
  for (;;) {
    const piece = await nextPiece(sending, pieces);
    if (piece === null) break;
    await sendPiece(sending, chunked ? encodeChunk(piece) : copyOf(piece));
  }
  if (chunked) await sendPiece(sending, LAST_CHUNK_BYTES);
}

/** @throws OutputAbortedError, or ResponseError if the waiting piece would exceed OUTBOUND_MEMORY_MB */
async function sendPiece({ output, unsent }: Sending, piece: Uint8Array): Promise<void> {
  using held = unsent.hold(piece.length);
  if (held === null)
    throw new ResponseError(
      'ERR_OUTBOUND_MEMORY',
      'Clients that read too slowly hold all memory for responses',
    );
  await output.writeAll(piece);
}

/**
 * Sends a stream that has announced its length. The piece that would complete the response is held back until
 * the stream ends. If more came after it, the client could not tell that something is wrong.
 */
async function sendExactly(
  length: number,
  sending: Sending,
  pieces: AsyncIterator<BodyPiece>,
): Promise<void> {
  let missing = length;
  let last: Buffer | null = null;
  for (;;) {
    const piece = await nextPiece(sending, pieces);
    if (piece === null) break;
    const bytes = copyOf(piece);
    missing -= bytes.length;
    if (missing < 0) throw wrongLength('more', length);
    if (missing > 0) await sendPiece(sending, bytes);
    else last ??= bytes;
  }
  if (missing > 0) throw wrongLength('fewer', length);
  if (last !== null) await sendPiece(sending, last);
}

function wrongLength(difference: 'more' | 'fewer', length: number): ResponseError {
  return new ResponseError(
    'ERR_BODY',
    `The stream yielded ${difference} bytes than the ${length} it announced`,
  );
}

/** @returns null at the end of the stream */
async function nextPiece(
  { output, round }: Sending,
  pieces: AsyncIterator<BodyPiece>,
): Promise<BodyPiece | null> {
  const pause = round.pause();
  if (pause !== undefined) await pause;
  const { done, value } = await output.unlessAborted(pieces.next());
  if (done) return null;
  assertPiece(value);
  return value;
}

/**
 * For any other value the length differs from the number of bytes, and foreign memory would fill the rest.
 */
function assertPiece(piece: unknown): asserts piece is BodyPiece {
  if (typeof piece === 'string' || piece instanceof Uint8Array) return;
  throw new ResponseError('ERR_BODY', 'A stream yields strings and Uint8Arrays');
}

function copyOf(piece: BodyPiece): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece, 'utf8') : Buffer.from(piece);
}
