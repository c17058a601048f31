import { describe, expect, test } from 'vitest';
import { HttpProblem } from '../../../../src/runtime/http/problem.ts';
import { InProcess } from '../../../cloudvm/front-door/support/in-process.ts';

const APP = 'https://app.example';

function open(...origins: string[]): InProcess {
  return new InProcess((router) => {
    router.cors({ origins });
    router.get('/thing', (_, response) => response.text('thing'));
    router.get('/broken', () => {
      throw new HttpProblem(409, 'No.');
    });
  });
}

const from = (origin: string) => ({ headers: { Origin: origin } });
const preflightFrom = (origin: string) => ({
  headers: { Origin: origin, 'Access-Control-Request-Method': 'PATCH' },
});

function corsHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-'));
}

describe('without origins', () => {
  test('no answer has CORS headers, whatever the origin', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await open().ask(method, '/thing', preflightFrom(APP));
      expect(corsHeaders(answer.headers)).toEqual([]);
      expect(answer.headers['vary']).toBeUndefined();
    }
  });

  test('OPTIONS is answered as usual', async () => {
    const answer = await open().ask('OPTIONS', '/thing', preflightFrom(APP));
    expect(answer.status).toBe(204);
    expect(answer.headers['allow']).toContain('GET');
  });
});

describe('a listed origin', () => {
  test('a listed origin may read answers, with credentials', async () => {
    const { headers } = await open('https://other.example', APP).ask('GET', '/thing', from(APP));
    expect(headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    });
    expect(headers['access-control-expose-headers']).toContain('ETag');
  });

  test.each(['/broken', '/nothing'])('a listed origin may read errors: %s', async (path) => {
    const { headers } = await open(APP).ask('GET', path, from(APP));
    expect(headers['access-control-allow-origin']).toBe(APP);
  });

  test('a listed origin gets an answer to its preflight, even for an unknown path', async () => {
    for (const path of ['/thing', '/nothing']) {
      const answer = await open(APP).ask('OPTIONS', path, preflightFrom(APP));
      expect(answer.status).toBe(204);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': APP,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      });
      expect(answer.headers['access-control-allow-headers']).toContain('Authorization');
    }
  });

  test('a listed origin may send a plain OPTIONS, which is no preflight', async () => {
    const answer = await open(APP).ask('OPTIONS', '/thing', from(APP));
    expect(answer.headers['allow']).toContain('GET');
    expect(answer.headers['access-control-allow-origin']).toBe(APP);
  });
});

test('an application adds fields that scripts may send and read, and says how long that holds', async () => {
  const http = new InProcess((router) => {
    router.cors({ origins: [APP], requestHeaders: ['X-A'], exposedHeaders: ['X-B'], maxAgeSeconds: 7 });
    router.get('/', (_, response) => response.empty());
  });
  const { headers } = await http.ask('OPTIONS', '/', preflightFrom(APP));
  expect(headers['access-control-allow-headers']).toMatch(/^Authorization, .*, X-A$/);
  expect(headers['access-control-max-age']).toBe('7');
  const answer = await http.ask('GET', '/', from(APP));
  expect(answer.headers['access-control-expose-headers']).toMatch(/^Allow, .*, X-B$/);
});

describe('an origin that is not listed', () => {
  test.each(['https://evil.example', `${APP}.evil.example`, 'null', 'HTTPS://APP.EXAMPLE', ''])(
    'gets no CORS headers: "%s"',
    async (origin) => {
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await open(APP).ask(method, '/thing', preflightFrom(origin));
        expect(corsHeaders(answer.headers)).toEqual([]);
        expect(answer.headers['vary']).toBe('Origin');
      }
    },
  );
});

describe('"*"', () => {
  test('"*" lets every origin read, never with credentials', async () => {
    const { headers } = await open('*').ask('GET', '/thing', from(APP));
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(headers['vary']).toBeUndefined();
  });

  test('"*" beside listed origins leaves those their credentials and gives none to the others', async () => {
    const http = open('*', APP);
    const listed = await http.ask('GET', '/thing', from(APP));
    expect(listed.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
    });
    const other = await http.ask('GET', '/thing', from('https://other.example'));
    expect(other.headers['access-control-allow-origin']).toBe('*');
    expect(other.headers['access-control-allow-credentials']).toBeUndefined();
    expect(other.headers['vary']).toBe('Origin');
  });
});
