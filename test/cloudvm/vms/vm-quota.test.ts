/** How many VMs a user may have, with one request after the other and with many at once. */
import { describe, expect, test, vi } from 'vitest';
import { VmQuota } from '../../../src/cloudvm/vms/vm-quota.ts';
import { startEmbeddedDatabase } from '../../support/databases.ts';
import { CloudVm } from '../front-door/support/cloudvm.ts';
import { CloudVmProcess } from '../front-door/support/cloudvm-process.ts';

const WEB = { name: 'web', provider: 'local', region: 'here' };
const MAX = 5;

describe('through the front door', () => {
  test('one more VM than the limit is 409, and a deletion makes room', async () => {
    await using cloudVm = await CloudVm.open({ maxVmsPerUser: MAX });
    const token = await cloudVm.register();
    const create = (headers: Record<string, string> = {}) =>
      cloudVm.http.ask('POST', '/api/vms', { token, body: WEB, headers });
    const first = await create({ 'Idempotency-Key': 'one' });
    for (let count = 1; count < MAX; count += 1) expect((await create()).status).toBe(201);
    const refused = await create();
    expect(refused).toMatchObject({ status: 409, json: { type: '/problems/vm-quota-exceeded' } });
    expect(refused.headers['retry-after']).toBeUndefined();
    // Whatever is refused leaves nothing behind.
    for (const _ of [1, 2, 3]) expect((await create({ 'Idempotency-Key': 'more' })).status).toBe(409);
    const stored = (name: string) => cloudVm.services.database.collection(name).countDocuments({});
    expect([await stored('idempotencyKeys'), await stored('vms')]).toEqual([1, MAX]);
    // A repetition creates nothing.
    expect((await create({ 'Idempotency-Key': 'one' })).json['id']).toBe(first.json['id']);

    const other = await cloudVm.register();
    expect((await cloudVm.http.ask('POST', '/api/vms', { token: other, body: WEB })).status).toBe(201);

    const path = `/api/vms/${String(first.json['id'])}`;
    await vi.waitFor(async () =>
      expect((await cloudVm.http.ask('DELETE', path, { token })).status).toBe(204),
    );
    expect((await create()).status).toBe(201);
    expect((await create()).status).toBe(409);
    expect(cloudVm.backgroundErrors).toEqual([]);
  });

  test('many creations at once, in two processes, do not go beyond the limit', async () => {
    await using database = await startEmbeddedDatabase();
    const settings = {
      MONGODB_URI: database.uri,
      JWT_SECRET: 'a secret that both processes have in common',
      MAX_VMS_PER_USER: '20',
    };
    await using here = await CloudVmProcess.start('/nonexistent', settings);
    await using elsewhere = await CloudVmProcess.start('/nonexistent', settings);
    const body = { email: 'ada@example.com', username: 'ada', password: 'correct horse battery' };
    const { json } = await here.ask('POST', '/api/auth/register', { body });
    const token = String(json['token']);
    const total = async () => Number((await here.ask('GET', '/api/vms?limit=1', { token })).json['total']);
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? here : elsewhere).ask('POST', '/api/vms', { token, body: WEB }),
        ),
      );
      for (const { status } of answers) expect([201, 409, 503]).toContain(status);
      expect(await total()).toBeLessThanOrEqual(20);
    }
    // Those that were taken back have left their places.
    for (let missing = 20 - (await total()); missing > 0; missing -= 1) {
      expect((await here.ask('POST', '/api/vms', { token, body: WEB })).status).toBe(201);
    }
    expect((await here.ask('POST', '/api/vms', { token, body: WEB })).status).toBe(409);
  }, 120_000);
});

describe('far from the limit', () => {
  const open = (max: number, counted = 0) => {
    const count = vi.fn<(ownerId: string, limit: number) => Promise<number>>(async (_, limit) =>
      Math.min(counted, limit),
    );
    return { quota: new VmQuota({ max, count }), count };
  };

  test('creations need no query', async () => {
    const { quota, count } = open(1_000);
    for (let creation = 0; creation < 488; creation += 1) expect(await quota.isNear('a')).toBe(false);
    expect(count).toHaveBeenCalledTimes(1);
    expect(await quota.isNear('a')).toBe(true);
    expect(await quota.isNear('b')).toBe(false);
    expect(count).toHaveBeenCalledTimes(2);
  });

  test('the VMs are counted again from time to time, and more rarely the farther it is', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const [close, distant] = [open(1_000), open(1_000_000)];
      for (let second = 0; second < 60; second += 1) {
        await close.quota.isNear('a');
        await distant.quota.isNear('a');
        vi.advanceTimersByTime(1_000);
      }
      expect(close.count).toHaveBeenCalledTimes(60);
      expect(distant.count).toHaveBeenCalledTimes(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
