/** Headless Chromium: the server accepts its requests, and it shows the answers. */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEchoServer } from './support/echo-server.ts';
import { needTool, runTool } from './support/tool.ts';

describe('headless Chromium', () => {
  it('shows an answer of the server', async (context) => {
    const chromium = needTool(
      context,
      'chromium',
      'chromium-browser',
      'google-chrome',
      'google-chrome-stable',
    );
    await using server = await startEchoServer();
    await using profile = await mkdtempDisposable(join(tmpdir(), 'cloudvm-chromium-'));
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${profile.path}`,
      '--dump-dom',
    ];
    const { stdout, code } = await runTool(chromium, [...flags, `${server.url}/params/from/chromium`]);
    expect(code).toBe(0);
    expect(stdout).toContain('{"a":"from","b":"chromium"}');
  });
});
