/** A full disk under the embedded database: a small file system of its own, where that may be mounted. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CloudVmProcess } from './support/cloudvm-process.ts';

class SmallDisk implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'cloudvm-disk-'));

  static mount(): SmallDisk | null {
    const disk = new SmallDisk();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk.path], { stdio: 'ignore' });
      return disk;
    } catch {
      rmSync(disk.path, { recursive: true });
      return null;
    }
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.path]);
    rmSync(this.path, { recursive: true });
  }
}

test('while the disk is full, writes get 503, reads are answered, and readiness says so', async (context) => {
  using disk = SmallDisk.mount();
  if (disk === null) return context.skip('no file system may be mounted here');
  await using server = await CloudVmProcess.start(join(disk.path, 'data'));
  const account = { email: 'ada@example.com', username: 'ada', password: 'correct horse' };
  const { json } = await server.ask('POST', '/api/auth/register', { body: account });
  const token = String(json['token']);
  const vm = (name: string) => ({
    name,
    provider: 'aws',
    region: 'here',
    tags: [{ key: 'k', value: 'x'.repeat(250) }],
  });
  expect((await server.ask('POST', '/api/vms', { token, body: vm('first') })).status).toBe(201);
  expect((await server.ask('GET', '/health/ready')).status).toBe(200);

  const filler = join(disk.path, 'filler');
  expect(() => writeFileSync(filler, Buffer.alloc(32_000_000))).toThrow('ENOSPC');
  let created = await server.ask('POST', '/api/vms', { token, body: vm('next') });
  for (let number = 0; created.status === 201 && number < 10_000; number++) {
    created = await server.ask('POST', '/api/vms', { token, body: vm(`next-${number}`) });
  }
  expect(created.status).toBe(503);
  expect(created.json['detail']).toBe('The database takes no more data at present.');
  expect((await server.ask('GET', '/api/vms', { token })).status).toBe(200);
  const ready = await server.ask('GET', '/health/ready');
  expect(ready).toMatchObject({ status: 503, json: { detail: 'Not ready: database full.' } });
  expect((await server.ask('GET', '/health')).status).toBe(200);

  rmSync(filler);
  expect((await server.ask('GET', '/health/ready')).status).toBe(200);
  expect((await server.ask('POST', '/api/vms', { token, body: vm('last') })).status).toBe(201);
});
