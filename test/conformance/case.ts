/**
 * The conformance cases: raw requests as data (http-cases.json and more-cases.json, one per line) with what
 * RFC 9110, 9112 and 3986 or the HTTP contract expect of the test application. The runner, the differential
 * tests and the fuzzer read them here. Never change an expectation to make a server pass.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The expected responses and end of the connection. Absent fields are not judged. */
export interface Expectation {
  /**
   * Acceptable codes of the first response. 0 means a close without a response. An empty list means that the
   * server has to keep waiting.
   */
  readonly statuses: readonly number[];
  /** Whether the server ends the connection. null: either. */
  readonly closes: boolean | null;
  /** Number of final responses. null: any. */
  readonly responses: number | null;
  /** Alternatives, each of which overrides the other fields. It is enough that one matches fully. */
  readonly anyOf?: readonly Partial<Expectation>[];
  /** Acceptable codes of each final response. */
  readonly all?: readonly (readonly number[])[] | null;
  /** Decoded content of the first response, of each response. Judged where it is a 2xx. */
  readonly body?: string;
  readonly bodies?: readonly (string | null)[];
  readonly bodyLen?: number;
  /** The exact interim codes. An empty list means none. */
  readonly interim?: readonly number[];
  /** Indexes of final responses that answer HEAD. */
  readonly head?: readonly number[];
  /** Text that a field of the first final response contains. "" means that the field exists. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields that no response may carry. */
  readonly forbidHeaders?: readonly string[];
  /** Two final responses whose Content-Length must agree if both have one. */
  readonly clMatch?: readonly [number, number];
  /** Of the acceptable first codes, those that this server gives. */
  readonly prefer?: readonly number[];
}

export interface ConformanceCase {
  readonly id: string;
  readonly source: string;
  readonly group: string;
  /**
   * The source of the rule: MUST or SHOULD of an RFC, MAY (several answers are right), or a limit of the
   * contract.
   */
  readonly level: 'must' | 'should' | 'may' | 'local';
  /** One character for each byte. */
  readonly raw: string;
  readonly why: string;
  /** Byte offsets to write in pieces at, or every one. */
  readonly split?: 'each' | readonly number[];
  /** Byte offsets. The bytes after the k-th are sent once another response head has come. */
  readonly gate?: readonly number[];
  /** The client half-closes after its last byte. */
  readonly fin?: boolean;
  readonly expect: Expectation;
}

const FILES = ['http-cases.json', 'more-cases.json'];

export function loadCases(): ConformanceCase[] {
  return FILES.flatMap(loadFile);
}

function loadFile(name: string): ConformanceCase[] {
  const cases: unknown = JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));
  if (!Array.isArray(cases) || !cases.every(isCase)) throw new TypeError(`${name} is not a list of cases`);
  return cases;
}

function isCase(value: unknown): value is ConformanceCase {
  if (typeof value !== 'object' || value === null) return false;
  return ['id', 'group', 'raw', 'why', 'expect'].every((name) => name in value);
}
