/**
 * Requests without a core. A well-formed request is laid into shared memory, and its parse record is filled
 * in by hand. So the tests of src/runtime/http do not depend on a core.
 */
import * as record from '../../../../assembly/record.ts';
import { methodNumber } from '../../../../src/runtime/core/method.ts';
import { ParseRecord } from '../../../../src/runtime/core/parse-record.ts';
import { wellKnownHeaderNumber } from '../../../../src/runtime/core/well-known-headers.ts';
import {
  IncomingRequest,
  type RequestSource,
} from '../../../../src/runtime/http/request/incoming-request.ts';

export interface FakeOptions {
  readonly routeNumber?: number;
  /** Mask of methods, for 405. */
  readonly allowed?: number;
  /** The texts in the path that are parameters, in order, as they stand there. */
  readonly parameters?: readonly string[];
  readonly parameterNames?: readonly string[];
  readonly chunkedBodyLength?: number;
}

/** Not 0, so that a forgotten address shows. */
const ADDRESS = 4096;
const MEMORY_PAGES = 40;
const PEER = { address: '192.0.2.7', proxies: null };

export interface FakeRequest {
  readonly request: IncomingRequest;
  readonly source: RequestSource;
  /** Overwrites the memory and the record, as the next request would. */
  overwrite(): void;
}

/** @param raw one character, one byte */
export function fakeRequest(raw: string, options: FakeOptions = {}): FakeRequest {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES, shared: true });
  const bytes = Buffer.from(memory.buffer);
  bytes.write(raw, ADDRESS, 'latin1');
  const words = new Int32Array(memory.buffer, 0, record.RECORD_WORDS);
  fill(words, raw, options);
  const source = { record: new ParseRecord(words), bytes, address: ADDRESS, peer: PEER };
  const request = new IncomingRequest(source);
  request.parameterNames = options.parameterNames ?? [];
  const overwrite = () => {
    words.fill(7);
    bytes.fill('X', ADDRESS, ADDRESS + raw.length);
  };
  return { request, source, overwrite };
}

/** For tests that need a request and nothing special of it. */
export function get(path: string, options: FakeOptions = {}): IncomingRequest {
  return fakeRequest(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`, options).request;
}

function fill(words: Int32Array, raw: string, options: FakeOptions): void {
  const headEnd = raw.indexOf('\r\n\r\n') + 4;
  const lineEnd = raw.indexOf('\r\n');
  const [method = '', target = '', version = ''] = raw.slice(0, lineEnd).split(' ');
  words[record.METHOD] = methodNumber(method);
  words[record.METHOD_START] = 0;
  words[record.METHOD_LENGTH] = method.length;
  fillTarget(words, method.length + 1, target);
  words[record.VERSION_MINOR] = version === 'HTTP/1.0' ? 0 : 1;
  words[record.ROUTE] = options.routeNumber ?? record.ROUTE_NOT_FOUND;
  words[record.ALLOWED] = options.allowed ?? 0;
  fillHeaders(words, raw.slice(lineEnd + 2, headEnd - 2), lineEnd + 2);
  fillParameters(words, raw, options.parameters ?? []);
  const wireLength = raw.length - headEnd;
  const chunked = options.chunkedBodyLength !== undefined;
  const announced = wireLength > 0 || /\r\nContent-Length:/i.test(raw.slice(0, headEnd));
  words[record.FLAGS] =
    record.FLAG_KEEP_ALIVE | (announced ? record.FLAG_BODY : 0) | (chunked ? record.FLAG_CHUNKED : 0);
  words[record.BODY_START] = headEnd;
  words[record.BODY_WIRE_LENGTH] = wireLength;
  words[record.BODY_LENGTH] = options.chunkedBodyLength ?? wireLength;
}

function fillTarget(words: Int32Array, start: number, target: string): void {
  words[record.TARGET_START] = start;
  words[record.TARGET_LENGTH] = target.length;
  const authority = /^http:\/\/([^/?]*)/.exec(target);
  const pathStart = authority === null ? 0 : authority[0].length;
  words[record.TARGET_FORM] =
    target === '*' ? record.FORM_ASTERISK : authority === null ? record.FORM_ORIGIN : record.FORM_ABSOLUTE;
  words[record.AUTHORITY_START] = start + 7;
  words[record.AUTHORITY_LENGTH] = authority?.[1]?.length ?? 0;
  const mark = target.indexOf('?');
  words[record.PATH_START] = start + pathStart;
  words[record.PATH_LENGTH] = (mark === -1 ? target.length : mark) - pathStart;
  words[record.QUERY_START] = start + mark + 1;
  words[record.QUERY_LENGTH] = mark === -1 ? -1 : target.length - mark - 1;
}

function fillHeaders(words: Int32Array, section: string, sectionStart: number): void {
  let start = sectionStart;
  let count = 0;
  for (const line of section.split('\r\n').filter((text) => text !== '')) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trim();
    const entry = record.HEADERS + count * record.HEADER_WORDS;
    words[entry] = start;
    words[entry + 1] = colon;
    words[entry + 2] = start + colon + 1 + line.slice(colon + 1).indexOf(value);
    words[entry + 3] = value.length;
    count += 1;
    const known = wellKnownHeaderNumber(line.slice(0, colon).toLowerCase());
    if (known !== undefined && words[record.WELL_KNOWN + known] === 0) {
      words[record.WELL_KNOWN + known] = count;
    }
    start += line.length + 2;
  }
  words[record.HEADER_COUNT] = count;
}

function fillParameters(words: Int32Array, raw: string, parameters: readonly string[]): void {
  words[record.PARAMETER_COUNT] = parameters.length;
  let from = 0;
  parameters.forEach((text, index) => {
    from = raw.indexOf(`/${text}`, from) + 1;
    words[record.PARAMETERS + index * 2] = from;
    words[record.PARAMETERS + index * 2 + 1] = text.length;
  });
}
