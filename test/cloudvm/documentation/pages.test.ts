/** Where a person or a program begins: `/`, `/docs`, and the pages that explain problems. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PROBLEM_CAUSES } from '../../../src/cloudvm/contract/problem-catalogue.ts';
import { problemTitle, problemType } from '../../../src/runtime/http/problem.ts';
import { assertDocumented } from '../front-door/support/documented-answers.ts';
import { type Answer, InProcess } from '../front-door/support/in-process.ts';
import { registerWithoutApi } from './support/routes.ts';

const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const PROGRAM = { Accept: 'application/json' };

const http = new InProcess(registerWithoutApi, assertDocumented);
const browse = (path: string) => http.ask('GET', path, { headers: BROWSER });

/** The paths within the server to which a page leads. */
function linksOf({ text }: Answer): string[] {
  return [...text.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, path = '']) => path);
}

function directive({ headers }: Answer, name: string): string | undefined {
  const policy = headers['content-security-policy'] ?? '';
  return policy.split('; ').find((one) => one.startsWith(`${name} `));
}

describe.each(['/', '/problems', '/problems/not-found'])('%s', (path) => {
  test('is a page for a person and JSON for a program', async () => {
    const page = await browse(path);
    expect(page).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', vary: expect.stringMatching(/^Accept(?:,|$)/) },
    });
    for (const headers of [PROGRAM, { Accept: '*/*' }, {}]) {
      const answer = await http.ask('GET', path, { headers });
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'content-type': 'application/json', vary: expect.stringMatching(/^Accept(?:,|$)/) },
      });
    }
  });

  test('loads nothing, runs nothing, and shows its own style only', async () => {
    const page = await browse(path);
    const style = /<style>(.*)<\/style>/s.exec(page.text)?.[1] ?? '';
    const digest = createHash('sha256').update(style).digest('base64');
    expect(directive(page, 'default-src')).toBe("default-src 'none'");
    expect(directive(page, 'style-src')).toBe(`style-src 'sha256-${digest}'`);
    expect(directive(page, 'script-src')).toBeUndefined();
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect(page.text).not.toMatch(/<script|style="|https?:/);
  });
});

test('/ leads to everything', async () => {
  const expected = ['/docs', '/openapi.json', '/api/vms', '/problems', '/health', '/health/ready'];
  const { json } = await http.ask('GET', '/', { headers: PROGRAM });
  expect(json).toMatchObject({ name: 'CloudVM' });
  expect(Object.values(json['links'] as object)).toEqual(expected);
  expect(linksOf(await browse('/'))).toEqual(expected);
});

describe('/problems', () => {
  test('leads to a page for each cause, which explains it', async () => {
    const paths = linksOf(await browse('/problems')).filter((path) => path.startsWith('/problems/'));
    expect(paths).toEqual(Object.keys(PROBLEM_CAUSES).map((name) => `/problems/${name}`));
    for (const path of paths) {
      const { status, json } = await http.ask('GET', path, { headers: PROGRAM });
      expect([path, status, json['type']]).toEqual([path, 200, path]);
      expect((await browse(path)).text).toContain(`<h1>${json['title']}</h1>`);
    }
  });

  test('has a page for each status with which the runtime refuses requests', () => {
    for (const status of [400, 404, 405, 408, 411, 412, 413, 414, 415, 417, 431, 500, 501, 503, 504, 505]) {
      const name = problemType(status).replace('/problems/', '');
      expect(PROBLEM_CAUSES).toHaveProperty(
        name,
        expect.objectContaining({ status, title: problemTitle(status) }),
      );
    }
  });

  test.each(['no-such-problem', '__proto__', 'constructor', '%3Cscript%3E'])('/%s is 404', async (name) => {
    const answer = await browse(`/problems/${name}`);
    expect(answer).toMatchObject({ status: 404, headers: { 'content-type': 'application/problem+json' } });
  });
});

describe('/docs', () => {
  test('is a page whose scripts and styles come from this server alone', async () => {
    const page = await browse('/docs');
    expect(page).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' },
    });
    expect(directive(page, 'default-src')).toBe("default-src 'none'");
    expect(directive(page, 'script-src')).toBe("script-src 'self'");
    expect(directive(page, 'style-src')).toBe("style-src 'self'");
    expect(page.text).not.toMatch(/<script>|https?:/);
  });

  test('has files that a browser may keep for ever, compressed if it likes', async () => {
    const files = linksOf(await browse('/docs')).filter((path) => path.startsWith('/docs/'));
    expect(files).toHaveLength(3);
    for (const path of files) {
      const plain = await http.ask('GET', path);
      const compressed = await http.ask('GET', path, { headers: { 'Accept-Encoding': 'gzip' } });
      expect(plain).toMatchObject({
        status: 200,
        headers: {
          'cache-control': 'public, max-age=31536000, immutable',
          'content-type': expect.stringMatching(/^text\/(?:javascript|css); charset=utf-8$/),
          'x-content-type-options': 'nosniff',
          vary: 'Accept-Encoding',
        },
      });
      expect(compressed.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(compressed.bytes).equals(plain.bytes)).toBe(true);
      const digest = createHash('sha256').update(plain.bytes).digest('hex');
      expect(digest).toMatch(new RegExp(`^${path.split('.').at(-2)}`));
    }
  });

  test.each(['swagger-ui-bundle.js', 'start.0000000000000000.js', '..%2F..%2Fpackage.json'])(
    'has no file %s',
    async (name) => {
      expect((await http.ask('GET', `/docs/${name}`)).status).toBe(404);
    },
  );
});
