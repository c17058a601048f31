import { expect, test } from 'vitest';
import { ipv4Word, ipv6Groups } from '../../src/platform/ip-address.ts';

test.each([
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['2001:db8::', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]],
  ['2001:db8::9', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 9]],
  ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
  ['FE80::A%eth0', [0xfe80, 0, 0, 0, 0, 0, 0, 10]],
  ['::ffff:192.0.2.1', [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]],
  ['::1.2.3.4', [0, 0, 0, 0, 0, 0, 0x0102, 0x0304]],
])('%s has the groups %j', (address, groups) => {
  expect(ipv6Groups(address)).toEqual(groups);
});

test.each(['', '192.0.2.1', '1:2:3', '1:2:3:4:5:6:7:8:9', '1::2::3', ':::', 'g::1', '::12345', '::1.2.3'])(
  '%j is not an IPv6 address',
  (address) => {
    expect(ipv6Groups(address)).toBeNull();
  },
);

test('an IPv4 address is read as one word in network order', () => {
  expect(ipv4Word('192.0.2.1')).toBe(0xc0000201 | 0);
  for (const address of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', '::1', '1.2.3.', 'a.b.c.d', '1.2.3.0x4']) {
    expect(ipv4Word(address), address).toBeNull();
  }
});
