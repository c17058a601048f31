/** Headless Chromium: the server accepts its requests, and it shows the answers. */

import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { startServer } from '../runtime/server/support/start.ts';
import { startEchoServer } from './support/echo-server.ts';
import { needTool, runTool } from './support/tool.ts';

const CORS_APPLICATION = new URL('../runtime/server/fixtures/cors-app.ts', import.meta.url).href;

/** @returns the page after its scripts have run */
async function pageShown(context: TestContext, url: string): Promise<string> {
  const chromium = needTool(context, 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  await using profile = await mkdtempDisposable(join(tmpdir(), 'cloudvm-chromium-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile.path}`];
  // The page is shown when nothing is under way any more, or after this time of the browser's own clock.
  const { stdout, code } = await runTool(chromium, [
    ...flags,
    '--virtual-time-budget=20000',
    '--dump-dom',
    url,
  ]);
  expect(code).toBe(0);
  return stdout;
}

/** A page whose script sends 2 MB to the server and shows what comes back. */
function pageThatPosts(target: string): string {
  return `<body>waiting</body><script>
    fetch(${JSON.stringify(target)}, { method: 'POST', body: 'x'.repeat(2_000_000) })
      .then((response) => response.json())
      .then(({ status, detail }) => status + ' ' + detail)
      .catch((error) => error.message)
      .then((text) => { document.body.textContent = text; });
  </script>`;
}

describe('headless Chromium', () => {
  it('shows an answer of the server', async (context) => {
    await using server = await startEchoServer();
    expect(await pageShown(context, `${server.url}/params/from/chromium`)).toContain(
      '{"a":"from","b":"chromium"}',
    );
  });

  it('lets a script of an allowed origin read a refusal', async (context) => {
    const page = createServer();
    page.listen(0, '127.0.0.1');
    await once(page, 'listening');
    const origin = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
    await using server = await startServer({
      app: CORS_APPLICATION,
      environment: { ...process.env, ALLOWED_ORIGIN: origin },
    });
    page.on('request', (_request, response) => {
      response.setHeader('Content-Type', 'text/html').end(pageThatPosts(server.url));
    });
    try {
      expect(await pageShown(context, origin)).toContain('413 The body is too large.');
    } finally {
      page.close();
    }
  });
});
