/** VMs that QEMU runs, through the front door: the whole server with PROVIDERS=local=qemu, and real QEMU. */
import { once } from 'node:events';
import { mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { runTool } from '../../../clients/support/tool.ts';
import { CloudVmProcess, spawnServer } from '../../front-door/support/cloudvm-process.ts';
import { VmsOfQemu } from './support/vms-of-qemu.ts';

const WAIT = { timeout: 60_000, interval: 50 };
const ACCOUNT = { email: 'ada@example.com', username: 'ada', password: 'correct horse battery' };
const VM = { name: 'web', provider: 'local', region: 'here' };

async function register(server: CloudVmProcess): Promise<string> {
  const { json } = await server.ask('POST', '/api/auth/register', { body: ACCOUNT });
  return String(json['token']);
}

async function waitForStatus(server: CloudVmProcess, token: string, path: string, status: string) {
  await vi.waitFor(async () => {
    const { json } = await server.ask('GET', path, { token });
    expect(json['status']).toBe(status);
  }, WAIT);
}

/** Asks for an operation, and waits until it has succeeded. */
async function carryOut(server: CloudVmProcess, token: string, path: string, body?: unknown) {
  const { status, json, headers } = await server.ask('POST', path, { token, body });
  expect(status).toBeOneOf([201, 202]);
  const operation = String(headers.get('operation-location'));
  await vi.waitFor(async () => {
    const { json } = await server.ask('GET', operation, { token });
    expect(json).toMatchObject({ status: 'succeeded', error: null });
  }, WAIT);
  return String(json['id']);
}

test('a VM lives through all its operations and a kill -9 of the server, and leaves nothing', async (context) => {
  await using vms = await VmsOfQemu.open(context);
  await using data = await mkdtempDisposable(join(tmpdir(), 'cloudvm-test-'));
  const settings = { PROVIDERS: 'local=qemu', QEMU_DIR: vms.path, QEMU_POWERDOWN_TIMEOUT_MS: '200' };
  let token: string;
  let id: string;
  let processes: readonly number[];
  {
    await using server = await CloudVmProcess.start(data.path, settings);
    token = await register(server);
    id = await carryOut(server, token, '/api/vms', VM);
    processes = await vms.processes();
    expect(processes).toHaveLength(1);
    await server.kill();
  }
  expect(await vms.processes()).toEqual(processes);

  await using server = await CloudVmProcess.start(data.path, settings);
  const vm = `/api/vms/${id}`;
  await waitForStatus(server, token, vm, 'running');
  expect(await vms.processes()).toEqual(processes);
  const whileRunning = await carryOut(server, token, `${vm}/snapshots`, { name: 'running' });
  await carryOut(server, token, `${vm}/restart`);
  // It is the same process, which only begins at its BIOS again.
  expect(await vms.processes()).toEqual(processes);

  // Nothing in the VM hears that it should shut down.
  await carryOut(server, token, `${vm}/stop`);
  expect(await vms.processes()).toEqual([]);
  const whileStopped = await carryOut(server, token, `${vm}/snapshots`, { name: 'stopped' });
  const { stdout } = await runTool('qemu-img', ['snapshot', '-l', join(vms.path, id, 'disk.qcow2')]);
  expect(stdout).toContain(whileRunning);
  expect(stdout).toContain(whileStopped);

  await carryOut(server, token, `${vm}/start`);
  expect(await vms.processes()).toHaveLength(1);
  expect((await server.ask('DELETE', `/api/snapshots/${whileStopped}`, { token })).status).toBe(204);
  expect((await server.ask('DELETE', vm, { token })).status).toBe(204);
  await vi.waitFor(async () => {
    expect(await vms.processes()).toEqual([]);
    expect(await vms.files(id)).toEqual([]);
  }, WAIT);
  expect(await server.stop()).toBe(0);
}, 180_000);

test('the owner reads why a VM cannot be created, without a path of the host', async (context) => {
  await using vms = await VmsOfQemu.open(context);
  await using data = await mkdtempDisposable(join(tmpdir(), 'cloudvm-test-'));
  const image = join(data.path, 'base.img');
  await writeFile(image, Buffer.alloc(1_048_576));
  const settings = { PROVIDERS: 'local=qemu', QEMU_DIR: vms.path, QEMU_BASE_IMAGE: image };
  await using server = await CloudVmProcess.start(data.path, settings);
  await rm(image);
  const token = await register(server);
  const created = await server.ask('POST', '/api/vms', { token, body: VM });
  await waitForStatus(server, token, `/api/vms/${created.json['id']}`, 'error');
  const operation = String(created.headers.get('operation-location'));
  const { json } = await server.ask('GET', operation, { token });
  expect(json).toMatchObject({ status: 'failed', error: 'the base image is missing', attempts: 1 });
  expect(await server.stop()).toBe(0);
}, 60_000);

test('without the commands the server does not start, and says what is missing', async () => {
  await using empty = await mkdtempDisposable(join(tmpdir(), 'cloudvm-test-'));
  const child = spawnServer(empty.path, { PROVIDERS: 'local=qemu', PATH: empty.path });
  child.stdout.resume();
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(errors).toMatch(
    /cannot start: .*The provider qemu for local cannot be used: the command qemu-\S+ is not/,
  );
  expect(code).toBe(3);
}, 60_000);
