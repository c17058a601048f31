/** Python's http.client, whose parser and connection handling share nothing with Node's. */

import { describe, expect, it } from 'vitest';
import { startEchoServer } from './support/echo-server.ts';
import { needTool, runTool } from './support/tool.ts';

const SCRIPT = new URL('support/http_client.py', import.meta.url).pathname;

describe("Python's http.client", () => {
  it('gets, posts, sends chunks and reads streams on one connection', async (context) => {
    const python = needTool(context, 'python3');
    await using server = await startEchoServer();
    const { stdout, stderr, code } = await runTool(python, [SCRIPT, String(server.port)]);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      json: [200, '{"a":"a b","b":"c"}'],
      body: [200, 'hello'],
      chunks: [200, 'one two three'],
      head: [200, ''],
      missing: [404, expect.stringContaining('"status":404')],
      stream: [200, expect.stringMatching(/./)],
      oneConnection: true,
      large: 500_000,
    });
  });
});
