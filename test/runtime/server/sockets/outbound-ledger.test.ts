/** The credit of turns, and what slow clients hold of all memory for responses. */

import { expect, test } from 'vitest';
import { OutboundLedger } from '../../../../src/runtime/server/sockets/outbound-ledger.ts';

const MB = 1_048_576;
const WINDOW = 262_144;

function createLedger(limitMb: number) {
  const published: number[] = [];
  const ledger = new OutboundLedger({
    limitBytes: limitMb * MB,
    windowBytes: WINDOW,
    publish: (kilobytes) => published.push(kilobytes),
  });
  return { ledger, published };
}

test('a turn gets the whole window while there is plenty, without what its client owes', () => {
  const { ledger } = createLedger(512);
  expect(ledger.grant(0)).toBe(WINDOW);
  expect(ledger.grant(10_000)).toBe(WINDOW - 10_000);
});

test('all credit together stays within the bound, but for the least that every turn gets', () => {
  const { ledger } = createLedger(16);
  const credits = Array.from({ length: 4_000 }, () => ledger.grant(0));
  const beyondLeast = credits.filter((credit) => credit > 16_384).reduce((sum, credit) => sum + credit, 0);
  expect(beyondLeast).toBeLessThanOrEqual(16 * MB);
  expect(Math.min(...credits)).toBe(16_384);
  for (const credit of credits) ledger.release(credit);
  expect(ledger.grant(0)).toBe(WINDOW);
});

test('what clients hold is counted, published in steps, and compared with the bound', () => {
  const { ledger, published } = createLedger(1);
  for (let kilobyte = 0; kilobyte < 1_024; kilobyte++) ledger.hold(1_024);
  expect(ledger.heldBytes).toBe(MB);
  expect(ledger.excessBytes).toBe(0);
  expect(published.length).toBeLessThan(8);
  ledger.hold(5);
  expect(ledger.excessBytes).toBe(5);
  ledger.hold(-MB - 5);
  expect(published.at(-1)).toBe(0);
});
