/** curl, the client that everybody has. */

import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { startEchoServer } from './support/echo-server.ts';
import { needTool, runTool } from './support/tool.ts';

let server: Server;

beforeAll(async () => {
  server = await startEchoServer();
});

afterAll(() => server.close());

async function curl(context: TestContext, parameters: readonly string[], input = ''): Promise<string> {
  const path = needTool(context, 'curl');
  const { stdout, stderr, code } = await runTool(
    path,
    ['--silent', '--show-error', '--max-time', '30', ...parameters],
    input,
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

describe('curl', () => {
  it('gets JSON with its status and media type', async (context) => {
    const output = await curl(context, [
      '--write-out',
      '\n%{http_code} %{content_type}',
      `${server.url}/params/a%20b/c`,
    ]);
    expect(output).toMatch(/^\{"a":"a b","b":"c"\}\n200 application\/json/);
  });

  it('sends a body with its length', async (context) => {
    const body = 'x'.repeat(100_000);
    expect(await curl(context, ['--data-binary', '@-', '-H', 'Expect:', `${server.url}/echo`], body)).toBe(
      body,
    );
  });

  it('sends a body in chunks', async (context) => {
    const body = 'abc'.repeat(50_000);
    const parameters = ['-T', '-', '-H', 'Transfer-Encoding: chunked', `${server.url}/echo`];
    expect(await curl(context, parameters, body)).toBe(body);
  });

  it('waits for 100 Continue before it sends a large body', async (context) => {
    const parameters = [
      '--verbose',
      '--stderr',
      '-',
      '--data-binary',
      '@-',
      '-H',
      'Expect: 100-continue',
      '--output',
      '/dev/null',
    ];
    const output = await curl(context, [...parameters, `${server.url}/echo`], 'y'.repeat(1_000_000));
    expect(output).toMatch(/< HTTP\/1\.1 100 Continue/);
    expect(output).toMatch(/< HTTP\/1\.1 200 OK/);
  });

  it('is refused before it sends a body that is too large', async (context) => {
    const parameters = [
      '--write-out',
      '%{http_code} %{size_upload}',
      '--output',
      '/dev/null',
      '--data-binary',
      '@-',
    ];
    const output = await curl(
      context,
      [...parameters, '-H', 'Expect: 100-continue', `${server.url}/echo`],
      'z'.repeat(2_000_000),
    );
    expect(output).toBe('413 0');
  });

  it('uses one connection for several requests', async (context) => {
    const urls = ['/health', '/params/1/2', '/big?bytes=70000', '/health'].map(
      (path) => `${server.url}${path}`,
    );
    const output = await curl(context, [
      ...urls.flatMap((url) => ['--output', '/dev/null', url]),
      '--write-out',
      '%{http_code} %{num_connects},',
    ]);
    expect(output).toBe('200 1,200 0,200 0,200 0,');
  });

  it('gets the head alone with HEAD', async (context) => {
    const output = await curl(context, ['--head', `${server.url}/big?bytes=12345`]);
    expect(output).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(output).toMatch(/\r\ncontent-length: 12345\r\n/i);
  });

  it('speaks HTTP/1.0', async (context) => {
    const output = await curl(context, ['--http1.0', '--include', `${server.url}/stream?chunks=3`]);
    expect(output).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(output).not.toMatch(/transfer-encoding/i);
  });

  it('reads a stream of chunks', async (context) => {
    const [body = '', status] = (
      await curl(context, ['--write-out', '|%{http_code}', `${server.url}/stream?chunks=50`])
    ).split('|');
    expect(status).toBe('200');
    expect(body.length).toBeGreaterThanOrEqual(50);
  });

  it('decompresses a compressed answer', async (context) => {
    const output = await curl(context, ['--compressed', `${server.url}/big?bytes=50000`]);
    expect(output).toBe('x'.repeat(50_000));
  });

  it('gets the allowed methods with a 405', async (context) => {
    const output = await curl(context, ['--request', 'DELETE', '--include', `${server.url}/echo`]);
    expect(output).toMatch(/^HTTP\/1\.1 405 /);
    expect(output).toMatch(/\r\nallow: [^\r]*POST/i);
    expect(output).toMatch(/"status":405/);
  });
});
