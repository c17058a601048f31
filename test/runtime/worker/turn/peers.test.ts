import { expect, test } from 'vitest';
import { TrustedProxies } from '../../../../src/runtime/http/forwarding/trusted-proxies.ts';
import { addressToWords } from '../../../../src/runtime/memory/connections/peer-address.ts';
import { Peers } from '../../../../src/runtime/worker/turn/peers.ts';
import { MainSide } from '../support/main-side.ts';

test('a peer is looked at once, and again when another one has its number', () => {
  const { table } = new MainSide();
  const proxies = new TrustedProxies(['192.0.2.0/24']);
  const peers = new Peers(table, proxies);
  const first = table.open(0, 0);
  table.setPeer(0, addressToWords('192.0.2.1'));
  expect(peers.of(0, first)).toMatchObject({ address: '192.0.2.1', proxies });
  table.setPeer(0, addressToWords('192.0.2.99'));
  expect(peers.of(0, first), 'known').toMatchObject({ address: '192.0.2.1' });
  table.release(0);
  const second = table.open(0, 0);
  table.setPeer(0, addressToWords('2001:db8::2'));
  expect(peers.of(0, second)).toMatchObject({ address: '2001:db8::2', proxies: null });
});
