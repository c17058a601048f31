/**
 * The socket of a client: the part that the main thread uses, and the way to make an accepted socket read
 * fast. Main thread, used by everything in sockets/ and connections/.
 *
 * Bytes are read into one buffer that all connections share (`onread` of net.Socket, 4.1 µs a request against
 * 4.9 µs for 'data' events). net.Server cannot make such sockets, so `adoptSocket` sets what `onread` sets on
 * the accepted one. To move its handle to a new socket would cost a second socket for each connection, and a
 * second system call for the address of its peer. `_handle` and the fields of `onread` are private to Node,
 * and only this file uses them. If they are missing, 'data' events and copies do the same more slowly.
 */

import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** The part of net.Socket that the server uses. */
export interface ClientSocket {
  readonly remoteAddress?: string | undefined;
  readonly destroyed: boolean;
  /** `end` was called. */
  readonly writableEnded: boolean;
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly writableLength: number;
  readonly bytesWritten: number;
  on(event: 'end' | 'error' | 'close', listener: () => void): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  once(event: 'data', listener: (chunk: Buffer) => void): unknown;
  write(text: string, encoding: 'latin1'): boolean;
  write(data: Buffer, callback?: (error?: Error | null) => void): boolean;
  end(callback: () => void): unknown;
  end(data: Buffer): unknown;
  cork(): void;
  uncork(): void;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
  destroySoon(): void;
  resetAndDestroy(): unknown;
}

/** Of a socket that is closed, or on Windows. */
const NO_DESCRIPTOR = -1;

export interface Reading {
  /** The first reads go there. */
  readonly buffer: Buffer;
  /** Called with each read. The bytes are at the start of `buffer` and valid during the call. */
  readonly onBytes: (buffer: Buffer, length: number) => void;
  /** Called after each read. @returns where the next reads go, undefined if that does not change */
  readonly nextBuffer: () => Buffer | undefined;
}

/** The private fields of a net.Socket that hold the parts of `onread`. */
interface OnReadFields {
  readonly buffer: symbol;
  /** Called after each read. An answer that is not a Uint8Array changes nothing. */
  readonly nextBuffer: symbol;
  readonly callback: symbol;
}

/** null if this Node.js has other ones. */
const ON_READ = findOnReadFields();

/** Finds them by what Node puts there. */
function findOnReadFields(): OnReadFields | null {
  const bytes = Buffer.alloc(1);
  const nextBuffer = () => bytes;
  const callback = () => true;
  const buffered = new Socket({ onread: { buffer: bytes, callback } });
  const generated = new Socket({ onread: { buffer: nextBuffer, callback } });
  const fields = {
    buffer: fieldWith(buffered, bytes),
    nextBuffer: fieldWith(generated, nextBuffer),
    callback: fieldWith(buffered, callback),
  };
  return Object.values(fields).includes(undefined) ? null : (fields as OnReadFields);
}

function fieldWith(socket: Socket, value: unknown): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((field) => Reflect.get(socket, field) === value);
}

/** @param accepted a socket from which nothing was read */
export function adoptSocket(accepted: ClientSocket, reading: Reading): ClientSocket {
  const socket = accepted as AcceptedSocket;
  const handle = socket._handle;
  if (ON_READ === null || handle?.useUserBuffer === undefined) return readByEvents(accepted, reading);
  socket[ON_READ.buffer] = reading.buffer;
  socket[ON_READ.nextBuffer] = reading.nextBuffer;
  socket[ON_READ.callback] = (length: number, buffer: Buffer): boolean => {
    reading.onBytes(buffer, length);
    return !socket.isPaused();
  };
  handle.useUserBuffer(reading.buffer);
  // Without a reader the socket would never report the end of its input.
  socket.resume();
  return socket;
}

/**
 * Bytes that the kernel has taken in all. If the number grows, a slow client is reading, even within one
 * write. If the private fields are missing, only whole writes count.
 */
export function takenBytes(socket: ClientSocket): number {
  const handle = (socket as SocketWithHandle)._handle;
  if (handle?.bytesWritten === undefined) return socket.bytesWritten - socket.writableLength;
  return handle.bytesWritten - (handle.writeQueueSize ?? 0);
}

/**
 * Hands bytes to the kernel within the call, by a write(2) on the descriptor of the socket. It never blocks,
 * because libuv makes every descriptor non-blocking. `Socket.write` would keep a view of what the kernel has
 * not taken, so it must be given a copy. Nothing that was written before may wait in the socket.
 * @returns how many of the bytes, from the first, the kernel has taken. The rest is to be written to the
 * socket, which learns then whether the client is gone. 0 where a socket has no descriptor (on Windows)
 */
export function writeAtOnce(socket: ClientSocket, source: Buffer, start: number, end: number): number {
  const descriptor = (socket as SocketWithHandle)._handle?.fd ?? NO_DESCRIPTOR;
  if (descriptor === NO_DESCRIPTOR) return 0;
  try {
    return writeSync(descriptor, source, start, end - start);
  } catch {
    // The kernel takes nothing now (EAGAIN), or the client is gone.
    return 0;
  }
}

interface StreamHandle {
  readonly fd?: number;
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  /** The next reads go there. */
  useUserBuffer?(buffer: Buffer): void;
}

type SocketWithHandle = ClientSocket & { _handle?: StreamHandle | null };

type AcceptedSocket = SocketWithHandle & { isPaused(): boolean; [field: symbol]: unknown };

function readByEvents(socket: ClientSocket, reading: Reading): ClientSocket {
  let { buffer } = reading;
  socket.on('data', (chunk) => {
    for (let start = 0; start < chunk.length; ) {
      const length = chunk.copy(buffer, 0, start);
      reading.onBytes(buffer, length);
      buffer = reading.nextBuffer() ?? buffer;
      start += length;
    }
  });
  socket.resume();
  return socket;
}
