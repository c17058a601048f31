/** Answers and log lines when the database goes away while the server runs. */
import { expect, test } from 'vitest';
import { ApplicationReadiness } from '../../../src/cloudvm/health/readiness.ts';
import { CloudVm, PASSWORD } from './support/cloudvm.ts';

test('while the database is away, requests that need it get 503 with Retry-After, and /health still answers', async () => {
  await using cloudVm = await CloudVm.open({ simulatedDelayMs: 600_000 });
  const token = await cloudVm.register('ada');
  const readinessErrors: unknown[] = [];
  const readiness = new ApplicationReadiness({
    state: () => ({
      pingDatabase: () => cloudVm.services.database.ping(),
      isDatabaseFull: async () => false,
      pool: { size: 1, serving: 1, isFilling: false, leads: true, isStopping: false, cutOffRoutes: [] },
    }),
    onDatabaseTrouble: (error) => readinessErrors.push(error),
  });
  expect(await readiness.check()).toBeUndefined();

  await cloudVm.stopDatabase();
  expect(await readiness.check()).toBe('database unreachable');
  const cause = /^the database at \/.*\.sock cannot be reached: there is no such socket \(ENOENT\)$/;
  expect(readinessErrors).toMatchObject([{ message: expect.stringMatching(cause) }]);
  const login = { email: 'ada@example.com', password: PASSWORD };
  const answers = await Promise.all([
    cloudVm.http.ask('GET', '/api/vms', { token }),
    cloudVm.http.ask('GET', '/api/auth/me', { token }),
    cloudVm.http.ask('POST', '/api/auth/login', { body: login }),
    cloudVm.http.ask('POST', '/api/vms', { token, body: { name: 'web', provider: 'aws', region: 'here' } }),
  ]);
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    expect(answer.json['detail']).toBe('The database cannot be reached.');
    expect(answer.text, 'where it is and why is for the log').not.toMatch(/sock|ENOENT/);
  }
  expect((await cloudVm.http.ask('GET', '/health')).status).toBe(200);
  // None of this is a defect, but the operator is told of it.
  expect(cloudVm.http.errors).toEqual([]);
  expect(cloudVm.backgroundErrors).toHaveLength(answers.length);
  for (const error of cloudVm.backgroundErrors) expect(String(error)).toMatch(/ cannot be reached: /);
});
