/** The database is killed under load: every answer says so, nothing hangs, and the server stops in order. */

import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand } from '../../embedded-mongodb/support/command.ts';
import { until } from '../../support/until.ts';
import { CloudVmProcess } from './support/cloudvm-process.ts';

const CLIENTS = 16;

test('kill -9 of the database makes every request 503, and no operation hangs', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'cloudvm-killed-'));
  const data = join(directory.path, 'database');
  await using database = await startCommand(data);
  await using server = await CloudVmProcess.start(join(directory.path, 'server'), {
    MONGODB_URI: database.uri,
    JWT_SECRET: 'x'.repeat(40),
  });
  const account = { email: 'ada@example.com', username: 'ada', password: 'correct horse' };
  const { json } = await server.ask('POST', '/api/auth/register', { body: account });
  const token = String(json['token']);
  const vm = { name: 'web', provider: 'aws', region: 'here' };
  const first = await server.ask('POST', '/api/vms', { token, body: vm });
  const path = `/api/vms/${first.json['id']}`;

  let isOver = false;
  const statuses = new Map<number, number>();
  const questions = [
    () => server.ask('GET', path, { token }),
    () => server.ask('GET', '/api/vms?limit=5', { token }),
    () => server.ask('POST', '/api/vms', { token, body: vm }),
    () => server.ask('PATCH', path, { token, body: { name: 'db' } }),
  ];
  const load = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let number = client; !isOver; number++) {
      const answer = await questions[number % questions.length]?.();
      const status = answer?.status ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  const count = (status: number) => statuses.get(status) ?? 0;
  await until('all are served', () => count(200) > 50 && count(201) > 10);
  await database.kill();
  await until('all are refused', () => count(503) > 4 * CLIENTS, 60_000);
  expect((await server.ask('GET', '/health')).status).toBe(200);
  expect((await server.ask('GET', '/health/ready')).status).toBe(503);
  isOver = true;
  await Promise.all(load);
  for (const status of statuses.keys()) expect([200, 201, 503]).toContain(status);
  expect(await server.stop()).toBe(0);
});
