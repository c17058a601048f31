/** How long a client may take to send, with a clock of the test. */

import { describe, expect, test } from 'vitest';
import { Deadlines, ReceiveDeadline } from '../../../../src/runtime/server/sockets/deadlines.ts';
import { DEADLINES } from '../support/rig.ts';

const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, lingerMs } = DEADLINES;
const START = 10_000;

function createDeadline() {
  const deadlines = new Deadlines(DEADLINES, START);
  return { deadlines, deadline: new ReceiveDeadline(deadlines) };
}

/** Until when the deadline is not over, in milliseconds after the start. */
function lengthOf(deadline: ReceiveDeadline): number {
  let time = START;
  while (!deadline.isOver(time)) time++;
  return time - 1 - START;
}

describe('the interval of sweeps', () => {
  test('is a quarter of the shortest deadline', () => {
    expect(new Deadlines(DEADLINES, 0).intervalMs).toBe(250);
  });

  test.each([
    [4, 10],
    [60_000, 500],
  ])('is bounded for deadlines of %i ms', (timeout, interval) => {
    const all = { headersTimeoutMs: timeout, requestTimeoutMs: timeout, writeTimeoutMs: timeout };
    expect(new Deadlines({ ...all, keepAliveTimeoutMs: timeout, lingerMs }, 0).intervalMs).toBe(interval);
  });
});

describe('a deadline', () => {
  test('is never early, and at most two intervals late', () => {
    for (let offset = 0; offset < 250; offset += 10) {
      const { deadlines, deadline } = createDeadline();
      // The last sweep was at the start. Bytes come `offset` milliseconds later, and the next sweep is at
      // 250.
      deadline.receiving();
      const allowed = lengthOf(deadline) - offset;
      expect(allowed).toBeGreaterThanOrEqual(headersTimeoutMs);
      expect(allowed).toBeLessThanOrEqual(headersTimeoutMs + 2 * deadlines.intervalMs);
    }
  });

  test('of a client that has sent nothing is HEADERS_TIMEOUT_MS', () => {
    const { deadlines, deadline } = createDeadline();
    expect(lengthOf(deadline)).toBe(deadlines.intervalMs + headersTimeoutMs);
    expect(deadline.isReceiving).toBe(false);
  });

  test('counts from the first byte of a request, whatever bytes follow', () => {
    const { deadlines, deadline } = createDeadline();
    deadline.receiving();
    const length = lengthOf(deadline);
    deadlines.tick(START + 500);
    deadline.receiving();
    deadline.waiting(false);
    expect(lengthOf(deadline)).toBe(length);
    expect(deadline.isReceiving).toBe(true);
  });

  test('of a body counts from the first byte of its head', () => {
    const { deadlines, deadline } = createDeadline();
    deadline.receiving();
    deadlines.tick(START + 500);
    deadline.waiting(true);
    expect(lengthOf(deadline)).toBe(deadlines.intervalMs + requestTimeoutMs);
  });

  test('does not run while a worker has the connection', () => {
    const { deadline } = createDeadline();
    deadline.receiving();
    deadline.suspend();
    expect(deadline.isOver(Number.MAX_VALUE)).toBe(false);
  });

  test('of the next request starts after the answer', () => {
    const { deadlines, deadline } = createDeadline();
    deadline.receiving();
    deadline.suspend();
    deadlines.tick(START + 5_000);
    deadline.answered();
    deadline.waiting(false);
    expect(lengthOf(deadline)).toBe(5_000 + deadlines.intervalMs + headersTimeoutMs);
  });

  test('between two requests is KEEP_ALIVE_TIMEOUT_MS', () => {
    const { deadlines, deadline } = createDeadline();
    deadline.receiving();
    deadline.resting();
    expect(lengthOf(deadline)).toBe(deadlines.intervalMs + keepAliveTimeoutMs);
    expect(deadline.isReceiving).toBe(false);
  });

  test('after the server has ended the connection is the linger time', () => {
    const { deadlines, deadline } = createDeadline();
    deadline.lingering();
    expect(lengthOf(deadline)).toBe(deadlines.intervalMs + lingerMs);
  });
});
