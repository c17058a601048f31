/**
 * Node's HTTP parser as a third opinion: llhttp in its strict mode, as the WebAssembly module that undici
 * carries. One call parses all pipelined requests of some bytes and says where each of them ends.
 */

import { createRequire } from 'node:module';

const HTTP_REQUEST = 1;
const HPE_OK = 0;
const HPE_PAUSED = 21;
const HPE_PAUSED_UPGRADE = 22;

/** A request that llhttp accepted. Texts are latin1, one character per byte. */
export interface LlhttpRequest {
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Offset of the first byte after the request. */
  readonly end: number;
  /** The bytes behind it belong to another protocol. */
  readonly upgrade: boolean;
  readonly keepAlive: boolean;
}

export interface LlhttpResult {
  readonly requests: readonly LlhttpRequest[];
  /** Name of the error that ended the parse. undefined if llhttp wants more bytes or read all. */
  readonly error: string | undefined;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  malloc(bytes: number): number;
  llhttp_execute(parser: number, data: number, length: number): number;
  llhttp_resume(parser: number): void;
  llhttp_get_error_pos(parser: number): number;
  llhttp_errno_name(errno: number): number;
}

interface Draft {
  target: string;
  fields: [string, string][];
  body: string;
  upgrade: boolean;
  keepAlive: boolean;
}

export class Llhttp {
  readonly #exports: Exports;
  readonly #buffer: number;
  readonly #capacity: number;
  #draft: Draft = emptyDraft();
  #inValue = false;
  /** Trailers come through the same callbacks as header fields, and are not compared. */
  #inTrailers = false;

  constructor(capacity = 131_072) {
    const imports = { env: this.#callbacks() };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(llhttpBinary()), imports);
    this.#exports = instance.exports as unknown as Exports;
    this.#capacity = capacity;
    this.#buffer = this.#exports.malloc(capacity);
  }

  parse(input: Uint8Array): LlhttpResult {
    if (input.length > this.#capacity) throw new RangeError('input longer than the buffer');
    const { memory } = this.#exports;
    new Uint8Array(memory.buffer).set(input, this.#buffer);
    const parser = this.#exports.llhttp_alloc(HTTP_REQUEST);
    try {
      return this.#run(parser, input.length);
    } finally {
      this.#exports.llhttp_free(parser);
    }
  }

  #run(parser: number, length: number): LlhttpResult {
    const requests: LlhttpRequest[] = [];
    let position = 0;
    for (;;) {
      const errno = this.#exports.llhttp_execute(parser, this.#buffer + position, length - position);
      if (errno === HPE_OK) return { requests, error: undefined };
      if (errno !== HPE_PAUSED && errno !== HPE_PAUSED_UPGRADE)
        return { requests, error: this.#errorName(errno) };
      position = this.#exports.llhttp_get_error_pos(parser) - this.#buffer;
      requests.push({ ...this.#draft, end: position });
      if (this.#draft.upgrade) return { requests, error: undefined };
      this.#exports.llhttp_resume(parser);
    }
  }

  #callbacks(): Record<string, (...values: number[]) => number> {
    const text = (at = 0, length = 0): string =>
      Buffer.from(this.#exports.memory.buffer, at, length).toString('latin1');
    return {
      wasm_on_message_begin: () => {
        this.#draft = emptyDraft();
        this.#inValue = true;
        this.#inTrailers = false;
        return 0;
      },
      wasm_on_url: (_parser, at, length) => {
        this.#draft.target += text(at, length);
        return 0;
      },
      wasm_on_status: () => 0,
      wasm_on_header_field: (_parser, at, length) => {
        if (this.#inTrailers) return 0;
        if (this.#inValue) this.#draft.fields.push(['', '']);
        this.#inValue = false;
        this.#lastField()[0] += text(at, length);
        return 0;
      },
      wasm_on_header_value: (_parser, at, length) => {
        if (this.#inTrailers) return 0;
        this.#inValue = true;
        this.#lastField()[1] += text(at, length);
        return 0;
      },
      wasm_on_headers_complete: (_parser, _status, upgrade, keepAlive) => {
        this.#inTrailers = true;
        this.#draft.upgrade = upgrade === 1;
        this.#draft.keepAlive = keepAlive === 1;
        return 0;
      },
      wasm_on_body: (_parser, at, length) => {
        this.#draft.body += text(at, length);
        return 0;
      },
      wasm_on_message_complete: () => HPE_PAUSED,
    };
  }

  #lastField(): [string, string] {
    const field = this.#draft.fields.at(-1);
    if (field === undefined) throw new Error('llhttp gave a value before a name');
    return field;
  }

  #errorName(errno: number): string {
    const start = this.#exports.llhttp_errno_name(errno);
    const bytes = Buffer.from(this.#exports.memory.buffer, start, 64);
    return bytes.toString('latin1', 0, bytes.indexOf(0));
  }
}

function emptyDraft(): Draft {
  return { target: '', fields: [], body: '', upgrade: false, keepAlive: false };
}

/**
 * It is not one of undici's declared entry points. If it is gone, this throws, so that the check is never
 * skipped.
 */
function llhttpBinary(): Uint8Array<ArrayBuffer> {
  const binary: unknown = createRequire(import.meta.url)('undici/lib/llhttp/llhttp_simd-wasm.js');
  if (binary instanceof Uint8Array) return new Uint8Array(binary);
  throw new Error('undici no longer carries llhttp where it did');
}
