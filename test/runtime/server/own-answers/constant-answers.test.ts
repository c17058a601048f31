import { beforeEach, describe, expect, test } from 'vitest';
import { RefusalHeaders } from '../../../../src/runtime/server/connections/refusal-headers.ts';
import { ConstantAnswers } from '../../../../src/runtime/server/own-answers/constant-answers.ts';
import { OwnAnswers } from '../../../../src/runtime/server/own-answers/own-answers.ts';

const SCRATCH_BYTES = 65_536;
const ANSWER = /^HTTP\/1\.1 200 OK\r\nDate: [^\r]*\r\nContent-Type: application\/json\r\nContent-Length: /;

class Stage {
  readonly counted: [number, string, number | undefined][] = [];
  readonly answers: ConstantAnswers;
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  readonly #refusalHeaders = new RefusalHeaders();
  readonly #ownAnswers = new OwnAnswers(this.#refusalHeaders);

  constructor(json = '{"status":"ok"}') {
    this.answers = new ConstantAnswers(this.#ownAnswers, {
      answeredPath: (status, path, requests) => this.counted.push([status, path, requests]),
    });
    this.declare(json);
  }

  declare(json: string, origins: readonly string[] = []): void {
    const constants = [
      { path: '/live', json: '{"live":true}' },
      { path: '/health', json },
    ];
    this.#ownAnswers.declare({ constants, metrics: null });
    this.#refusalHeaders.declare({ cors: { origins }, headers: {}, identifiesRequests: false });
    this.answers.declare({ constants });
  }

  /** What main sends when these bytes have come, or '' if a worker must look at them. */
  to(bytes: string): string {
    const count = this.#scratch.write(bytes, 'latin1');
    return this.answers.answer(this.#scratch, count);
  }
}

const request = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const HEALTH = request('/health');

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});

describe('main answers at once', () => {
  test('a request for a constant answer, the first time and every other time', () => {
    for (let time = 0; time < 3; time += 1) {
      expect(stage.to(HEALTH)).toMatch(ANSWER);
      expect(stage.to(HEALTH)).toMatch(/15\r\n\r\n\{"status":"ok"\}$/);
    }
    expect(stage.counted).toEqual(Array(6).fill([200, '/health', 1]));
  });

  test('each constant answer, in any order, with any plain head', () => {
    for (const fields of ['', 'User-Agent: one\r\n', 'User-Agent: other\r\n', '']) {
      expect(stage.to(request('/live', fields))).toMatch(/\{"live":true\}$/);
      expect(stage.to(request('/health', fields))).toMatch(/\{"status":"ok"\}$/);
    }
  });

  test('requests that come together, with as many answers', () => {
    const one = stage.to(HEALTH);
    expect(stage.to(HEALTH.repeat(16))).toBe(one.repeat(16));
    expect(stage.counted).toEqual([
      [200, '/health', 1],
      [200, '/health', 16],
    ]);
  });

  test('each origin as the policy says', () => {
    stage.declare('{}', ['https://app.example']);
    const of = (origin: string) => stage.to(request('/health', `Origin: ${origin}\r\n`));
    for (let time = 0; time < 2; time += 1) {
      expect(of('https://app.example')).toContain('Access-Control-Allow-Origin: https://app.example\r\n');
      expect(of('https://evil.example')).not.toContain('Access-Control-Allow-Origin');
      expect(stage.to(HEALTH)).toContain('Vary: Origin\r\n');
    }
  });

  test('as the application says that was loaded last', () => {
    expect(stage.to(HEALTH)).toContain('"ok"');
    stage.declare('{"status":"changed"}');
    expect(stage.to(HEALTH)).toContain('"changed"');
  });

  test('with characters beyond ASCII in UTF-8', () => {
    const answer = new Stage('{"status":"größer, in €"}').to(HEALTH);
    expect(Buffer.from(answer, 'latin1').toString()).toMatch(/29\r\n\r\n\{"status":"größer, in €"\}$/);
  });
});

describe('main leaves to the workers', () => {
  test.each([
    ['another path', request('/other')],
    ['a longer path', request('/healthy')],
    ['a query', request('/health?a')],
    ['another method', HEALTH.replace('GET', 'HEAD')],
    ['a part of a head', HEALTH.slice(0, -1)],
    ['a request and a part of the next', HEALTH + HEALTH.slice(0, 10)],
    ['a request and another after it', HEALTH + request('/other')],
    ['a request and one of the same length after it', HEALTH + HEALTH.replace('Host: a', 'Host: b')],
    ['two constant answers', HEALTH + request('/live')],
    ['more requests than a client may pipeline to main', HEALTH.repeat(65)],
    ['a condition', request('/health', 'If-None-Match: *\r\n')],
    ['the end of the connection', request('/health', 'Connection: close\r\n')],
    ['a long head', request('/health', `X: ${'x'.repeat(1_024)}\r\n`)],
    ['nothing', ''],
  ])('%s', (_what, bytes) => {
    expect(stage.to(bytes)).toBe('');
    // The same when main has read the plain request before, and when its bytes lie behind the new ones.
    expect(stage.to(HEALTH)).not.toBe('');
    stage.counted.length = 0;
    expect(stage.to(bytes)).toBe('');
    expect(stage.counted).toEqual([]);
  });

  test('an answer that finishers may compress', () => {
    expect(new Stage(JSON.stringify('x'.repeat(1_400))).to(HEALTH)).toBe('');
  });
});
