import { expect, test } from 'vitest';
import { HealthController, type NotReady } from '../../../src/cloudvm/health/health-controller.ts';
import { InProcess } from '../front-door/support/in-process.ts';

function open(reason?: NotReady): InProcess {
  const health = new HealthController({
    workers: { serving: 5, size: 8 },
    cutOffRoutes: ['GET /broken'],
    check: async () => reason,
  });
  return new InProcess((router) => {
    router.get('/health/ready', health.ready);
  });
}

test('a process that can work is ready, and says how many workers serve, and which routes do not', async () => {
  expect(await open().ask('GET', '/health/ready')).toMatchObject({
    status: 200,
    text: '{"status":"ready","workers":{"serving":5,"size":8},"cutOffRoutes":["GET /broken"]}',
  });
});

test.each(['starting', 'draining', 'database unreachable', 'database full'] as const)(
  'a process that is not ready answers 503 with the reason: %s',
  async (reason) => {
    const answer = await open(reason).ask('GET', '/health/ready');
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'cache-control': 'no-store' },
      json: { status: 503, detail: `Not ready: ${reason}.` },
    });
  },
);
