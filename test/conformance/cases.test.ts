/**
 * Every conformance case over real sockets, with both cores, as written and with each byte in a segment of
 * its own.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CoreKind } from '../../src/runtime/core/core.ts';
import type { Server } from '../../src/runtime/server/server.ts';
import { ECHO_APPLICATION, expectRest, startServer } from '../runtime/server/support/start.ts';
import { loadCases } from './case.ts';
import type { Pace } from './exchange.ts';
import { describeFailures, runCases } from './runner.ts';

const GROUPS = Map.groupBy(loadCases(), ({ group }) => group);
const PACES: readonly Pace[] = ['whole', 'every byte'];

describe.each<CoreKind>(['wasm', 'js'])('HTTP/1.1 with the %s core', (core) => {
  let server: Server;

  beforeAll(async () => {
    // On a busy machine a request that comes byte by byte may take long. The deadlines have tests of their
    // own.
    const deadlines = { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
    server = await startServer({ app: ECHO_APPLICATION, core, ...deadlines });
  });

  afterAll(async () => {
    await server.close();
  });

  describe.each(PACES)('sent %s', (pace) => {
    it.each([...GROUPS.keys()])('conforms: %s', async (group) => {
      const verdicts = await runCases(
        GROUPS.get(group) ?? [],
        { host: '127.0.0.1', port: server.port },
        pace,
      );
      expect(describeFailures(verdicts)).toBe('');
    });
  });

  it('leaves nothing behind', () => expectRest(server));
});
