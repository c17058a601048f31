/** Making a response and encoding it: its head, and head and body written into memory as latin1. */
import { OutgoingResponse } from '../../../../../src/runtime/http/response/outgoing-response.ts';
import { encodeHead } from '../../../../../src/runtime/http/response/response-head.ts';
import type { Operation } from './operation.ts';

const REQUEST = { path: '/health', routeName: '/health' };
const CONTENT = { status: 'ok' };
const MEMORY_BYTES = 4096;

/** @param etags distinct values of a field that each response sets, or none. A head without fields is kept */
export function encode(etags: readonly string[]): Operation {
  const memory = Buffer.alloc(MEMORY_BYTES);
  return {
    run(times) {
      let written = 0;
      for (let time = 0; time < times; time += 1) {
        const response = new OutgoingResponse(REQUEST);
        const etag = etags[time % etags.length];
        if (etag !== undefined) response.header('ETag', etag);
        response.json(CONTENT);
        const body = response.body as string;
        const options = { isHead: false, keepAlive: true, versionMinor: 1, bodyLength: body.length };
        // The same second for all, so no clock is read.
        const head = encodeHead(response, options, 0);
        const length = memory.write(head, 0, head.length, 'latin1');
        written = (written + length + memory.write(body, length, body.length, 'latin1')) | 0;
      }
      return written;
    },
  };
}
