/**
 * slowhttptest in all of its modes: hundreds of connections that send or read next to nothing. The server
 * ends each in time, and serves other clients meanwhile.
 */

import { describe, expect, it } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { startEchoServer } from './support/echo-server.ts';
import { needTool, runTool } from './support/tool.ts';

const CONNECTIONS = ['-c', '300', '-r', '300'];
/** The tool ends by itself once the server has ended its connections. This is its bound. */
const LONGEST = ['-l', '8', '-p', '5'];

const MODES: readonly (readonly [name: string, path: string, parameters: readonly string[]])[] = [
  ['slow headers', '/health', ['-H', '-i', '1', '-x', '8']],
  ['slow bodies', '/echo', ['-B', '-i', '1', '-s', '8192', '-x', '8', '-t', 'POST']],
  ['range requests', '/big?bytes=100000', ['-R', '-t', 'HEAD', '-a', '10', '-b', '3000']],
  ['slow reading', '/big?bytes=1000000', ['-X', '-w', '512', '-y', '1024', '-n', '1', '-z', '32', '-k', '1']],
];

/** Asks until the attack has ended. @returns how many answers there were, each a good one */
async function askMeanwhile(server: Server, attack: Promise<unknown>): Promise<number> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  attack.then(end, end);
  let answers = 0;
  while (!over) {
    const response = await fetch(`${server.url}/health`);
    expect([response.status, await response.text()]).toEqual([200, '{"status":"ok"}']);
    answers++;
    // Leaves the processor to the attack for a while.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return answers;
}

describe('slowhttptest', () => {
  it.for(MODES)('%s leave the server available', async ([, path, parameters], context) => {
    const slowhttptest = needTool(context, 'slowhttptest');
    await using server = await startEchoServer({
      headersTimeoutMs: 2000,
      requestTimeoutMs: 3000,
      keepAliveTimeoutMs: 2000,
      writeTimeoutMs: 3000,
    });
    const attack = runTool(slowhttptest, [
      ...parameters,
      ...CONNECTIONS,
      ...LONGEST,
      '-u',
      `${server.url}${path}`,
    ]);
    const answers = await askMeanwhile(server, attack);
    const { stdout } = await attack;
    // The tool colours its report.
    const report = stdout.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
    const verdicts = [...report.matchAll(/service available:\s+(\w+)/g)].map(([, verdict]) => verdict);
    expect(verdicts.at(-1), report.slice(-800)).toBe('YES');
    expect(answers).toBeGreaterThan(0);
  });
});
