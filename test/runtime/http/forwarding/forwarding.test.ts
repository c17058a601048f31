/** Clients behind proxies, and clients that only pretend to be. */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Router } from '../../../../src/runtime/application.ts';
import { inject } from '../../../../src/runtime/testing.ts';
import { startServer } from '../../server/support/start.ts';

const PROXY = '10.0.0.1';

const application = {
  routes(router: Router) {
    router.get('/', ({ remoteAddress, peerAddress, protocol, host }, response) =>
      response.json({ remoteAddress, peerAddress, protocol, host }),
    );
    router.get('/later', async (request, response) => {
      await new Promise((resolve) => setImmediate(resolve));
      response.json({ remoteAddress: request.remoteAddress });
    });
  },
};

interface Told {
  readonly remoteAddress: string;
  readonly peerAddress: string;
  readonly protocol: string;
  readonly host: string;
}

type Fields = Readonly<Record<string, string | readonly string[]>>;

async function told(headers: Fields, remoteAddress = PROXY): Promise<Told> {
  const trustedProxies = ['10.0.0.0/8', '2001:db8:ffff::/48'];
  const answer = await inject(application, { target: '/', headers }, { remoteAddress, trustedProxies });
  return answer.json() as Told;
}

const addressTold = async (headers: Fields, peer?: string) => (await told(headers, peer)).remoteAddress;

describe('a trusted proxy', () => {
  test.each<[string, string]>([
    ['198.51.100.7', '198.51.100.7'],
    ['198.51.100.7:4711', '198.51.100.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:DB8:0::7]:4711', '2001:db8::7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['203.0.113.9, 198.51.100.7', '198.51.100.7'],
    ['198.51.100.7, 10.0.0.2, 10.0.0.3', '198.51.100.7'],
    ['198.51.100.7 ,\t2001:db8:ffff::3', '198.51.100.7'],
    ['10.0.0.4, 10.0.0.3', '10.0.0.4'],
  ])('with X-Forwarded-For: %s passes on a request of %s', async (field, address) => {
    expect(await addressTold({ 'X-Forwarded-For': field })).toBe(address);
    expect((await told({ 'X-Forwarded-For': field })).peerAddress).toBe(PROXY);
  });

  test.each<[string, string]>([
    ['for=198.51.100.7', '198.51.100.7'],
    ['For="198.51.100.7:4711";Proto=https', '198.51.100.7'],
    ['for="[2001:db8::7]:4711";by=_hidden', '2001:db8::7'],
    ['for=203.0.113.9, for=198.51.100.7;proto=http', '198.51.100.7'],
    ['for=198.51.100.7 , for=10.0.0.2', '198.51.100.7'],
    ['for="198.51.100.\\7"', '198.51.100.7'],
  ])('with Forwarded: %s passes on a request of %s', async (field, address) => {
    expect(await addressTold({ Forwarded: field })).toBe(address);
  });

  test('tells the protocol and the host that the client has asked for', async () => {
    expect(
      await told({
        Forwarded: 'for=198.51.100.7;proto=https;host="api.example:8443", for=10.0.0.2;proto=http',
      }),
    ).toMatchObject({ protocol: 'https', host: 'api.example:8443' });
    const fields = { 'X-Forwarded-Proto': 'https, http', 'X-Forwarded-Host': 'api.example' };
    expect(await told({ ...fields, 'X-Forwarded-For': '198.51.100.7, 10.0.0.2' })).toMatchObject({
      protocol: 'https',
      host: 'api.example',
    });
    // The client has written the first of each.
    expect(
      await told({ 'X-Forwarded-For': '198.51.100.7', 'X-Forwarded-Proto': 'https, http' }),
    ).toMatchObject({ protocol: 'http', host: 'localhost' });
  });

  test('is the client itself if it tells nothing', async () => {
    expect(await told({})).toEqual({
      remoteAddress: PROXY,
      peerAddress: PROXY,
      protocol: 'http',
      host: 'localhost',
    });
  });

  test('is believed by a handler that asks late', async () => {
    const request = { target: '/later', headers: { 'X-Forwarded-For': '198.51.100.7' } };
    const answer = await inject(application, request, {
      remoteAddress: PROXY,
      trustedProxies: [`${PROXY}/32`],
    });
    expect(answer.json()).toEqual({ remoteAddress: '198.51.100.7' });
  });
});

describe('a client behind a trusted proxy cannot name itself', () => {
  const APPENDED = '198.51.100.7';

  test.each([
    '203.0.113.9',
    '10.0.0.2',
    'unknown',
    '"',
    ',,,,',
    `${'10.0.0.2,'.repeat(1_000)}`,
    '\u00ff\u00fe',
    '1.2.3.4.5',
    '[::1',
    'fe80::1%eth0',
    '10.0.0.2, "',
  ])('with X-Forwarded-For: %j', async (field) => {
    expect(await addressTold({ 'X-Forwarded-For': `${field}, ${APPENDED}` })).toBe(APPENDED);
    expect(await addressTold({ 'X-Forwarded-For': [field, APPENDED] })).toBe(APPENDED);
  });

  test.each([
    'for=203.0.113.9',
    'for="',
    'for=10.0.0.2;for=10.0.0.3',
    'for="a, for=b',
    'for="\\',
    ';;;',
    'for=10.0.0.2, "',
  ])('with Forwarded: %j', async (field) => {
    expect(await addressTold({ Forwarded: `${field}, for="${APPENDED}"` })).toBe(APPENDED);
    expect(await addressTold({ Forwarded: [field, `for=${APPENDED}`] })).toBe(APPENDED);
  });

  test('with the kind of fields that its proxy passes on unread', async () => {
    const forged = 'for=203.0.113.9;host=evil.example';
    const answer = await told({ Forwarded: forged, 'X-Forwarded-For': APPENDED });
    expect(answer).toMatchObject({ remoteAddress: PROXY, host: 'localhost' });
    const both = { Forwarded: `for=${APPENDED}`, 'X-Forwarded-For': '203.0.113.9' };
    expect(await addressTold(both)).toBe(PROXY);
    // What is no answer at all contradicts nothing.
    expect(await addressTold({ Forwarded: 'for=unknown', 'X-Forwarded-For': APPENDED })).toBe(APPENDED);
  });

  test('beyond what stands to the left of something malformed', async () => {
    expect(await addressTold({ 'X-Forwarded-For': '203.0.113.9, nonsense, 10.0.0.2' })).toBe('10.0.0.2');
  });

  test('with a long chain of proxies', async () => {
    const chain = Array.from({ length: 100 }, (_, index) => `10.0.1.${index}`).join(', ');
    expect(await addressTold({ 'X-Forwarded-For': `203.0.113.9, ${chain}` })).toBe('10.0.1.84');
  });

  test('with a host that is none', async () => {
    const fields = { 'X-Forwarded-For': APPENDED, 'X-Forwarded-Host': 'a b', 'X-Forwarded-Proto': 'gopher' };
    expect(await told(fields)).toMatchObject({ host: 'localhost', protocol: 'http' });
  });
});

test('what a peer says that is no trusted proxy is ignored', async () => {
  const lies = {
    Forwarded: 'for=203.0.113.9;proto=https;host=evil.example',
    'X-Forwarded-For': '203.0.113.9',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'evil.example',
  };
  for (const peer of ['198.51.100.7', '2001:db8::7']) {
    expect(await told(lies, peer)).toEqual({
      remoteAddress: peer,
      peerAddress: peer,
      protocol: 'http',
      host: 'localhost',
    });
  }
});

test.each([
  [['127.0.0.0/8'], '198.51.100.7'],
  [[], '127.0.0.1'],
])(
  'a server that trusts %j takes a forwarded request over its socket as one of %s',
  async (trustedProxies, client) => {
    const app = new URL('../fixtures/forwarding-app.ts', import.meta.url).href;
    await using server = await startServer({ workers: 1, trustedProxies, app });
    const { port } = new URL(server.url);
    await using socket = connect(Number(port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7\r\nConnection: close\r\n\r\n');
    const text = Buffer.concat(await socket.toArray()).toString();
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(text.endsWith(client)).toBe(true);
  },
);
