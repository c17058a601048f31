/** The answer to an injected request, read as a whole or piece by piece. */
import type { IncomingMessage } from 'node:http';

export interface InjectedHead {
  readonly status: number;
  readonly headers: Headers;
}

export interface InjectedResponse extends InjectedHead {
  /** The content, without chunk framing. It is not decompressed. */
  readonly body: Uint8Array;
  /** As UTF-8. */
  text(): string;
  /** @throws SyntaxError if the content is no JSON */
  json(): unknown;
}

/**
 * The pieces as they come. The application waits while they are not read, as for a slow client. Leaving the
 * loop closes the connection, as a client does that goes away.
 */
export interface InjectedStream extends InjectedHead, AsyncIterable<Uint8Array> {}

export function streamOf(message: IncomingMessage): InjectedStream {
  return { ...headOf(message), [Symbol.asyncIterator]: () => message[Symbol.asyncIterator]() };
}

/** @throws Error if the response is cut off, or longer than `maxBytes` */
export async function wholeOf(message: IncomingMessage, maxBytes: number): Promise<InjectedResponse> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBytes) {
      throw new Error(
        `The response has more than ${maxBytes} bytes. Read it with stream(), or raise maxResponseBytes`,
      );
    }
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  return {
    ...headOf(message),
    body,
    text: () => body.toString('utf8'),
    json: () => JSON.parse(body.toString('utf8')),
  };
}

function headOf({ statusCode = 0, rawHeaders }: IncomingMessage): InjectedHead {
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string);
  }
  return { status: statusCode, headers };
}
