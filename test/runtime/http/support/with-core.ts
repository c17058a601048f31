/** From the bytes of a request to the bytes of its response, with a real core and the real router. */
import { expect } from 'vitest';
import { PARSE_COMPLETE } from '../../../../assembly/record.ts';
import { createCore } from '../../../../src/runtime/core/create-core.ts';
import { ParseRecord } from '../../../../src/runtime/core/parse-record.ts';
import { IncomingRequest } from '../../../../src/runtime/http/request/incoming-request.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import { encodeHead } from '../../../../src/runtime/http/response/response-head.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';

const PAGES = 64;
const REGION_ADDRESS = 65_536;
const REGION_BYTES = 1_048_576;
export const ADDRESS = 2_097_152;
const LIMITS = { maxHeaderBytes: 16_384, maxTargetBytes: 8192, maxBodyBytes: 1_048_576 };

export interface Served {
  /** @param address where the request lies, so that two can be in process simultaneously */
  readonly answer: (raw: string, address?: number) => Promise<string>;
}

/** @returns what answers the bytes of a request with the bytes of its response, without a Date */
export function serve(register: (router: Router) => void, kind: 'js' | 'wasm' = 'wasm'): Served {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const core = createCore(kind, {
    memory,
    regionAddress: REGION_ADDRESS,
    regionBytes: REGION_BYTES,
    limits: LIMITS,
  });
  const router = new Router();
  register(router);
  const errors: unknown[] = [];
  const pipeline = router.compile((error) => errors.push(error));
  core.loadRoutes(pipeline.routes);
  const bytes = Buffer.from(memory.buffer);

  const answer = async (raw: string, address = ADDRESS): Promise<string> => {
    bytes.write(raw, address, 'latin1');
    core.record.fill(0, 0, 9);
    expect(core.parse(address, raw.length)).toBe(PARSE_COMPLETE);
    const request = new IncomingRequest({
      record: new ParseRecord(core.record),
      bytes,
      address,
      peer: { address: '::1', proxies: null },
    });
    const isHead = request.method === 'HEAD';
    const versionMinor = request.httpVersion === '1.0' ? 0 : 1;
    const { keepAlive } = request;
    const response = new OutgoingResponse(request);
    const pending = pipeline.run(request, response);
    if (pending !== undefined) request.detach();
    await pending;
    request.end();
    bytes.fill('X', address, address + raw.length);
    expect(errors).toEqual([]);
    const body = Buffer.from((response.body as string | Uint8Array | null) ?? '');
    const head = encodeHead(response, { isHead, keepAlive, versionMinor, bodyLength: body.length });
    return head.replace(/Date: .*\r\n/, '') + (isHead ? '' : body.toString('latin1'));
  };

  return { answer };
}
