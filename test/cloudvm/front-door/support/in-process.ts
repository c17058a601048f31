/**
 * Runs an application's routes without a socket. The bytes of a request go through the JS core and the
 * pipeline, as they do in a worker. For tests of middleware and controllers.
 */
import * as record from '../../../../assembly/record.ts';
import { JsCore } from '../../../../src/runtime/core/js/js-core.ts';
import { ParseRecord } from '../../../../src/runtime/core/parse-record.ts';
import type { Pipeline } from '../../../../src/runtime/http/pipeline.ts';
import { IncomingRequest } from '../../../../src/runtime/http/request/incoming-request.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';
import type { ObservedAnswer } from './documented-answers.ts';

export interface Question {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is a string, which is sent as it is. */
  readonly body?: unknown;
  readonly token?: string;
  readonly remoteAddress?: string;
}

export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body. Empty for a stream. */
  readonly bytes: Uint8Array;
  /** The body as JSON. */
  readonly json: Record<string, unknown>;
}

const PAGES = 64;
const REGION_BYTES = 1 << 20;
const LIMITS = { maxHeaderBytes: 16_384, maxTargetBytes: 8_192, maxBodyBytes: 1_048_576 };

export class InProcess {
  readonly #pipeline: Pipeline;
  readonly #onAnswer: ((answer: ObservedAnswer) => void) | undefined;
  /** The reported defects. A test that expects none asserts that it is empty. */
  readonly errors: unknown[] = [];

  /** @param onAnswer sees every answer, and may throw */
  constructor(register: (router: Router) => void, onAnswer?: (answer: ObservedAnswer) => void) {
    this.#onAnswer = onAnswer;
    const router = new Router();
    register(router);
    this.#pipeline = router.compile((error) => this.errors.push(error));
  }

  async ask(method: string, target: string, question: Question = {}): Promise<Answer> {
    const request = this.#parse(encode(method, target, question), question.remoteAddress ?? '192.0.2.1');
    const response = new OutgoingResponse(request);
    const pending = this.#pipeline.run(request, response);
    if (pending !== undefined) {
      request.detach();
      await pending;
    }
    request.end();
    const text = typeof response.body === 'string' ? response.body : '';
    const { statusCode: status } = response;
    this.#onAnswer?.({ method, target, status, header: (name) => response.getHeader(name), text });
    return {
      status: response.statusCode,
      headers: Object.fromEntries([...response.headers].map(([name, value]) => [name.toLowerCase(), value])),
      text,
      bytes: response.body instanceof Uint8Array ? response.body : Buffer.from(text),
      get json() {
        return JSON.parse(text);
      },
    };
  }

  /** Each request gets its own core, because requests of one test may be under way together. */
  #parse(bytes: Buffer, remoteAddress: string): IncomingRequest {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    const core = new JsCore({ memory, regionAddress: 0, regionBytes: REGION_BYTES, limits: LIMITS });
    core.loadRoutes(this.#pipeline.routes);
    const shared = Buffer.from(memory.buffer);
    shared.set(bytes, REGION_BYTES);
    const status = core.parse(REGION_BYTES, bytes.length);
    if (status !== record.PARSE_COMPLETE) throw new Error(`the request is not complete: status ${status}`);
    return new IncomingRequest({
      record: new ParseRecord(core.record),
      bytes: shared,
      address: REGION_BYTES,
      peer: { address: remoteAddress, proxies: null },
    });
  }
}

function encode(method: string, target: string, { headers = {}, body, token }: Question): Buffer {
  const content = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const fields: Record<string, string> = {
    Host: 'localhost',
    ...(body !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(content)),
    }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    Buffer.from(content, 'utf8'),
  ]);
}
