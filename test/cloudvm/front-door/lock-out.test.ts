/**
 * Attempts to lock others out of their accounts, over sockets: directly with forged headers, and through
 * nginx, which the server trusts or does not know. Clients have addresses of their own in 127.0.0.0/8.
 */
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_FAILURES_PER_PAIR } from '../../../src/cloudvm/accounts/logins/login-throttle.ts';
import { type Answer, clientAt } from './support/client-at.ts';
import { PASSWORD } from './support/cloudvm.ts';
import { CloudVmProcess } from './support/cloudvm-process.ts';
import { NGINX, Nginx } from './support/nginx.ts';

const TRUSTED = '127.0.0.1';
const ATTACKER = '127.0.0.66';
/** Linux alone has all of 127.0.0.0/8 on its loopback. */
const hasManyAddresses = process.platform === 'linux';

async function serverWith(settings: Readonly<Record<string, string>>) {
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(await mkdtempDisposable(join(tmpdir(), 'cloudvm-test-')));
  const server = resources.use(await CloudVmProcess.start(directory.path, settings));
  const owned = resources.move();
  return {
    server,
    port: Number(new URL(server.url).port),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const statusesOf = async (answers: readonly Promise<Answer>[]) =>
  (await Promise.all(answers)).map(({ status }) => status);

describe.skipIf(!hasManyAddresses)('a client that forges headers, without a proxy', () => {
  test('is counted by its own address, and fills the counts of no other', async () => {
    await using stage = await serverWith({ TRUSTED_PROXIES: TRUSTED });
    using attacker = clientAt(stage.port, ATTACKER);
    using victim = clientAt(stage.port, '127.0.0.2');
    await victim.register('ada');
    for (let failures = 0; failures < MAX_FAILURES_PER_PAIR; failures++) {
      const headers = { 'X-Forwarded-For': '127.0.0.2', Forwarded: `for=10.0.0.${failures}` };
      expect((await attacker.login('ada', 'wrong password', headers)).status).toBe(401);
    }
    const more = { 'X-Forwarded-For': '10.1.1.1' };
    expect((await attacker.login('ada', PASSWORD, more)).status).toBe(429);
    expect((await victim.login('ada', PASSWORD)).status).toBe(200);
  });
});

const behindNginx =
  NGINX === undefined ? 'behind nginx (not installed here: apt-get install nginx-light)' : 'behind nginx';

describe.skipIf(NGINX === undefined || !hasManyAddresses)(behindNginx, () => {
  test('32 of 32 simultaneous right logins are served while another client fails without end', async () => {
    await using stage = await serverWith({ TRUSTED_PROXIES: TRUSTED, WORKERS: '4' });
    await using nginx = await Nginx.start(stage.server.url);
    await using resources = new AsyncDisposableStack();
    const users = Array.from({ length: 32 }, (_, index) => ({
      name: `user-${index}`,
      client: resources.use(clientAt(nginx.port, `127.0.1.${index + 1}`)),
    }));
    expect(await statusesOf(users.map(({ client, name }) => client.register(name)))).toEqual(
      Array(32).fill(201),
    );

    using attacker = clientAt(nginx.port, ATTACKER);
    let isOver = false;
    const failures: number[] = [];
    const attacks = Array.from({ length: 8 }, async (_, index) => {
      for (let round = 0; !isOver; round++) {
        const { status } = await attacker.login(`user-${(index + round * 8) % 32}`, 'wrong password', {
          'X-Forwarded-For': `127.0.1.${round % 32}`,
        });
        failures.push(status);
      }
    });
    const statuses = await statusesOf(users.map(({ client, name }) => client.login(name, PASSWORD)));
    isOver = true;
    await Promise.all(attacks);
    expect(statuses).toEqual(Array(32).fill(200));
    expect(failures.length).toBeGreaterThan(0);
    expect(failures).not.toContain(200);
  });

  test('that the server does not know, the cookie of a device lets its user in, whatever others do', async () => {
    await using stage = await serverWith({});
    await using nginx = await Nginx.start(stage.server.url);
    using victim = clientAt(nginx.port, '127.0.0.2');
    using attacker = clientAt(nginx.port, ATTACKER);
    const registered = await victim.register('ada');
    const cookie = registered.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    for (let failures = 0; failures < MAX_FAILURES_PER_PAIR; failures++) {
      await attacker.login('ada', 'wrong password');
    }
    expect((await attacker.login('ada', 'wrong password')).status).toBe(429);
    // All clients are one network to this server.
    expect((await victim.login('ada', PASSWORD)).status).toBe(429);
    expect((await victim.login('ada', PASSWORD, { Cookie: cookie })).status).toBe(200);
  });
});
