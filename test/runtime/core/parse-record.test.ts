import { describe, expect, test } from 'vitest';
import * as r from '../../../assembly/record.ts';
import { ParseRecord } from '../../../src/runtime/core/parse-record.ts';

/** A record in which each word holds its own index. */
function numbered(): ParseRecord {
  return new ParseRecord(Int32Array.from({ length: r.RECORD_WORDS }, (_, index) => index));
}

describe('ParseRecord', () => {
  test('each property reads its own word', () => {
    const record = numbered();
    expect({
      consumed: record.consumed,
      missing: record.missing,
      errorStatus: record.errorStatus,
      errorReason: record.errorReason,
      method: [record.method, record.methodStart, record.methodLength],
      target: [record.targetForm, record.targetStart, record.targetLength],
      path: [record.pathStart, record.pathLength],
      query: [record.queryStart, record.queryLength],
      authority: [record.authorityStart, record.authorityLength],
      versionMinor: record.versionMinor,
      route: [record.route, record.allowedMethods, record.parameterCount],
      body: [record.bodyStart, record.bodyWireLength, record.bodyLength],
      headerCount: record.headerCount,
    }).toEqual({
      consumed: r.CONSUMED,
      missing: r.MISSING,
      errorStatus: r.ERROR_STATUS,
      errorReason: r.ERROR_REASON,
      method: [r.METHOD, r.METHOD_START, r.METHOD_LENGTH],
      target: [r.TARGET_FORM, r.TARGET_START, r.TARGET_LENGTH],
      path: [r.PATH_START, r.PATH_LENGTH],
      query: [r.QUERY_START, r.QUERY_LENGTH],
      authority: [r.AUTHORITY_START, r.AUTHORITY_LENGTH],
      versionMinor: r.VERSION_MINOR,
      route: [r.ROUTE, r.ALLOWED, r.PARAMETER_COUNT],
      body: [r.BODY_START, r.BODY_WIRE_LENGTH, r.BODY_LENGTH],
      headerCount: r.HEADER_COUNT,
    });
  });

  test('parameters and fields are found by their index', () => {
    const record = numbered();
    expect([record.parameterStart(3), record.parameterLength(3)]).toEqual([
      r.PARAMETERS + 6,
      r.PARAMETERS + 7,
    ]);
    expect([
      record.headerNameStart(2),
      record.headerNameLength(2),
      record.headerValueStart(2),
      record.headerValueLength(2),
    ]).toEqual([8, 9, 10, 11].map((word) => r.HEADERS + word));
    expect(record.wellKnownHeader(5), 'the word holds the index plus one').toBe(r.WELL_KNOWN + 4);
  });

  test.each([
    ['keepsAlive', r.FLAG_KEEP_ALIVE],
    ['isChunked', r.FLAG_CHUNKED],
    ['expectsContinue', r.FLAG_EXPECT_CONTINUE],
    ['announcesBody', r.FLAG_BODY],
  ] as const)('%s reads one flag', (name, flag) => {
    const record = numbered();
    record.words[r.FLAGS] = flag;
    expect(record[name]).toBe(true);
    record.words[r.FLAGS] = ~flag;
    expect(record[name]).toBe(false);
  });

  test('a request is in its body from the first phase of a body on', () => {
    const record = numbered();
    for (const phase of [
      r.PHASE_START,
      r.PHASE_HEADERS,
      r.PHASE_BODY,
      r.PHASE_CHUNK_SIZE,
      r.PHASE_TRAILERS,
    ]) {
      record.words[r.PHASE] = phase;
      expect(record.isInBody, `phase ${phase}`).toBe(phase >= r.PHASE_BODY);
    }
  });

  test('clearing the resume words changes no other word', () => {
    const record = numbered();
    record.clearResume();
    const changed = [...record.words.keys()].filter((index) => record.words[index] !== index);
    expect(changed).toEqual([r.PHASE, r.LINE_START, r.SCANNED, r.DECODED]);
  });

  test('a request without its content ends with its head and closes the connection', () => {
    const record = numbered();
    record.words[r.FLAGS] = r.FLAG_KEEP_ALIVE | r.FLAG_CHUNKED | r.FLAG_BODY;
    record.dropContent();
    expect(record.consumed).toBe(record.bodyStart);
    expect([record.bodyLength, record.bodyWireLength]).toEqual([0, 0]);
    expect([record.keepsAlive, record.isChunked, record.announcesBody]).toEqual([false, false, true]);
  });

  test('a copy has all used words, and the next parse does not change it', () => {
    const record = numbered();
    record.words[r.HEADER_COUNT] = 2;
    const copy = record.copy();
    record.words.fill(0);
    expect(copy.words.length).toBe(r.HEADERS + 2 * r.HEADER_WORDS);
    expect(copy.method).toBe(r.METHOD);
    expect(copy.headerValueLength(1)).toBe(r.HEADERS + 7);
  });
});
