/**
 * undici's llhttp (WebAssembly, SIMD) as a contestant. It is called as undici calls it, on bytes that are
 * already in its memory, as they are for the cores. Its callbacks count the spans. In a second mode they also
 * make strings of them.
 */
import { createRequire } from 'node:module';

const HTTP_REQUEST = 1;

interface Exports {
  readonly memory: WebAssembly.Memory;
  llhttp_alloc(type: number): number;
  malloc(bytes: number): number;
  llhttp_execute(parser: number, data: number, length: number): number;
}

export class LlhttpParser {
  readonly #exports: Exports;
  readonly #parser: number;
  readonly #data: number;
  readonly #length: number;
  requests = 0;
  fields = 0;
  /** The number of characters in all strings that were made. */
  characters = 0;

  constructor(input: Uint8Array, makesStrings: boolean) {
    const spans = makesStrings ? this.#stringMaker() : () => 0;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(llhttpBinary()), {
      env: {
        wasm_on_message_begin: () => 0,
        wasm_on_url: spans,
        wasm_on_status: () => 0,
        wasm_on_header_field: spans,
        wasm_on_header_value: (parser: number, at: number, length: number) => {
          this.fields++;
          return spans(parser, at, length);
        },
        wasm_on_headers_complete: () => 0,
        wasm_on_body: () => 0,
        wasm_on_message_complete: () => {
          this.requests++;
          return 0;
        },
      },
    });
    this.#exports = instance.exports as unknown as Exports;
    this.#parser = this.#exports.llhttp_alloc(HTTP_REQUEST);
    this.#data = this.#exports.malloc(input.length);
    this.#length = input.length;
    new Uint8Array(this.#exports.memory.buffer).set(input, this.#data);
  }

  parse(): number {
    return this.#exports.llhttp_execute(this.#parser, this.#data, this.#length);
  }

  #stringMaker(): (parser: number, at: number, length: number) => number {
    let bytes: Buffer | undefined;
    return (_parser, at, length) => {
      bytes ??= Buffer.from(this.#exports.memory.buffer);
      this.characters += bytes.toString('latin1', at, at + length).length;
      return 0;
    };
  }
}

function llhttpBinary(): Uint8Array<ArrayBuffer> {
  const binary: unknown = createRequire(import.meta.url)('undici/lib/llhttp/llhttp_simd-wasm.js');
  if (binary instanceof Uint8Array) return new Uint8Array(binary);
  throw new Error('undici no longer carries llhttp where it did');
}
