import { expect, test } from 'vitest';
import { addressToWords, wordsToAddress } from '../../../../src/runtime/memory/connections/peer-address.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::1', '::1'],
  ['::', '::'],
  ['2001:db8::9', '2001:db8::9'],
  ['fe80::a%eth0', 'fe80::a'],
  ['::1.2.3.4', '::102:304'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['', '::'],
])('a worker reads the address %j that main has written as %j', (written, read) => {
  expect(wordsToAddress(...addressToWords(written))).toBe(read);
});
