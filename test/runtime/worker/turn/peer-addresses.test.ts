import { expect, test } from 'vitest';
import { addressToWords } from '../../../../src/runtime/memory/connections/peer-address.ts';
import { PeerAddresses } from '../../../../src/runtime/worker/turn/peer-addresses.ts';
import { MainSide } from '../support/main-side.ts';

test('the address of a client is read once, and again for the next client with the same number', () => {
  const { table } = new MainSide();
  const peers = new PeerAddresses(table);
  const first = table.open(0, 0);
  table.setPeer(0, addressToWords('192.0.2.1'));
  expect(peers.of(0, first)).toBe('192.0.2.1');
  table.setPeer(0, addressToWords('192.0.2.99'));
  expect(peers.of(0, first), 'known').toBe('192.0.2.1');
  table.release(0);
  const second = table.open(0, 0);
  table.setPeer(0, addressToWords('2001:db8::2'));
  expect(peers.of(0, second)).toBe('2001:db8::2');
});
