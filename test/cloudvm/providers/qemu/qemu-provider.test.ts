/** The provider of QEMU by itself, with real QEMU: calls that come twice, too late, or at once. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProviderCall } from '../../../../src/cloudvm/providers/provider.ts';
import { createQemuProvider } from '../../../../src/cloudvm/providers/qemu/qemu.ts';
import {
  QemuProvider,
  type QemuProviderOptions,
} from '../../../../src/cloudvm/providers/qemu/qemu-provider.ts';
import { QmpClient } from '../../../../src/cloudvm/providers/qemu/qmp-client.ts';
import { runTool } from '../../../clients/support/tool.ts';
import { VmsOfQemu } from './support/vms-of-qemu.ts';

const VM = {
  id: '0123456789abcdef01234567',
  ownerId: 'a'.repeat(24),
  name: 'web',
  region: 'here',
  instanceId: 'i-1',
  size: 'small',
} as const;
const SNAPSHOT = { id: '5'.repeat(24), name: 'before' };
const WAIT = { timeout: 30_000, interval: 50 };

let vms: VmsOfQemu;
let provider: QemuProvider;
let lastOperation = 0;

beforeEach(async (context) => {
  vms = await VmsOfQemu.open(context);
  provider = await open();
});

afterEach(() => vms?.[Symbol.asyncDispose]());

/** As another worker has it. */
function open(options: Partial<QemuProviderOptions> = {}): Promise<QemuProvider> {
  const defaults = { directory: vms.path, baseImage: undefined, powerdownTimeoutMs: 100 };
  return QemuProvider.open({ ...defaults, ...options });
}

/** The first attempt of an operation of its own, unless told otherwise. */
function call(options: Partial<ProviderCall> = {}): ProviderCall {
  lastOperation += 1;
  const operationId = String(lastOperation).padStart(24, '0');
  return { operationId, attempt: 1, signal: new AbortController().signal, ...options };
}

function connect(): Promise<QmpClient> {
  const options = { signal: new AbortController().signal, answerTimeoutMs: 30_000 };
  return QmpClient.connect(join(vms.path, VM.id, 'qmp'), options);
}

async function imageOf(vm: string): Promise<{ snapshots?: { name: string }[]; 'virtual-size': number }> {
  const disk = join(vms.path, vm, 'disk.qcow2');
  return JSON.parse((await runTool('qemu-img', ['info', '-U', '--output=json', disk])).stdout);
}

async function snapshotNames(): Promise<string[]> {
  return ((await imageOf(VM.id)).snapshots ?? []).map(({ name }) => name);
}

/** What the system below writes into the memory of its VM once it listens. */
const LISTENING = { address: 0x7e00, mark: 0xf00d };

/**
 * A boot sector, the smallest system that shuts down when it is asked to (ACPI specification, section 4.8.3).
 * The registers of power management begin at 0x600, where SeaBIOS puts them.
 */
const POWER_BUTTON_LISTENER = Buffer.alloc(1_048_576);
Buffer.from([
  ...[0xfa], // cli
  ...[0x31, 0xc0, 0x8e, 0xd8], // ds = 0
  ...[0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef], // out 0x602, 0x100: enable the power button
  ...[0xc7, 0x06, 0x00, 0x7e, 0x0d, 0xf0], // [0x7e00] = 0xf00d
  ...[0xba, 0x00, 0x06], // dx = 0x600
  ...[0xed, 0xf6, 0xc4, 0x01, 0x74, 0xfa], // until the bit of the button is set in the word at dx
  ...[0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef], // out 0x604, 0x2000: off
  ...[0xf4], // hlt
]).copy(POWER_BUTTON_LISTENER);
POWER_BUTTON_LISTENER.set([0x55, 0xaa], 510);

test('every call does no harm when it comes again', async () => {
  await provider.create(VM, call());
  const processes = await vms.processes();
  expect(processes).toHaveLength(1);
  await provider.create(VM, call());
  await provider.start(VM, call());
  expect(await vms.processes()).toEqual(processes);
  for (const attempt of [1, 2]) {
    await provider.snapshot(VM, SNAPSHOT, call({ attempt }));
    expect(await snapshotNames()).toEqual([SNAPSHOT.id]);
  }
  for (const attempt of [1, 2]) {
    await provider.removeSnapshot(VM, SNAPSHOT, call({ attempt }));
    expect(await snapshotNames()).toEqual([]);
  }
  for (const attempt of [1, 2]) {
    await provider.stop(VM, call({ attempt }));
    expect(await vms.processes()).toEqual([]);
  }
  for (const attempt of [1, 2]) {
    await provider.snapshot(VM, SNAPSHOT, call({ attempt }));
    expect(await snapshotNames()).toEqual([SNAPSHOT.id]);
  }
  for (const attempt of [1, 2]) {
    await provider.removeSnapshot(VM, SNAPSHOT, call({ attempt }));
    expect(await snapshotNames()).toEqual([]);
  }
  await provider.restart(VM, call());
  expect(await vms.processes()).toHaveLength(1);
  for (const attempt of [1, 2]) {
    await provider.remove(VM, call({ attempt }));
    expect(await vms.processes()).toEqual([]);
    expect(await vms.files(VM.id)).toEqual([]);
  }
  await provider.removeSnapshot(VM, SNAPSHOT, call());
});

test('of many attempts at once, by several workers, one QEMU comes out', async () => {
  const { operationId } = call();
  const workers = await Promise.all(Array.from({ length: 6 }, () => open()));
  const attempts = workers.map((worker, index) =>
    worker.create(VM, call({ operationId, attempt: index + 1 })),
  );
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.at(-1)?.status).toBe('fulfilled');
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_PROVIDER' });
  }
  expect(await vms.processes()).toHaveLength(1);
});

test('even without the lock and the pid file a disk gets one QEMU', async () => {
  await provider.create(VM, call());
  const processes = await vms.processes();
  await rm(join(vms.path, VM.id, 'pid'));
  await expect(provider.start(VM, call())).rejects.toMatchObject({
    code: 'ERR_PROVIDER',
    message: 'the VM is in use: another operation goes on',
    isPermanent: false,
  });
  expect(await vms.processes()).toEqual(processes);
});

test('a late call of an earlier attempt, or after the removal, changes nothing', async () => {
  const { operationId } = call();
  await provider.create(VM, call({ operationId, attempt: 2 }));
  await provider.stop(VM, call());
  await expect(provider.create(VM, call({ operationId, attempt: 1 }))).rejects.toThrow('taken over');
  expect(await vms.processes()).toEqual([]);
  await provider.remove(VM, call());
  await expect(provider.create(VM, call({ operationId, attempt: 3 }))).rejects.toThrow('taken over');
  expect(await vms.files(VM.id)).toEqual([]);
});

test('the signal ends the wait for a shutdown, and the next attempt goes on', async () => {
  const patient = await open({ powerdownTimeoutMs: 120_000 });
  await provider.create(VM, call());
  const controller = new AbortController();
  const { operationId } = call();
  const stopping = patient.stop(VM, call({ operationId, signal: controller.signal }));
  // Once it has the lock, the fence knows the operation.
  await vi.waitFor(async () => {
    expect(await readFile(join(vms.path, 'fences', VM.id), 'utf8')).toContain(operationId);
  }, WAIT);
  controller.abort(new Error('nobody waits'));
  await expect(stopping).rejects.toThrow('nobody waits');
  expect(await vms.processes()).toHaveLength(1);
  await provider.stop(VM, call({ operationId, attempt: 2 }));
  expect(await vms.processes()).toEqual([]);
});

test('a system that hears the power button shuts down by itself', async () => {
  const baseImage = join(vms.path, 'listener.img');
  await writeFile(baseImage, POWER_BUTTON_LISTENER);
  const patient = await open({ baseImage, powerdownTimeoutMs: 120_000 });
  await patient.create(VM, call());
  {
    using qmp = await connect();
    const look = { 'command-line': `xp /1hx 0x${LISTENING.address.toString(16)}` };
    const listening = LISTENING.mark.toString(16);
    await vi.waitFor(async () => {
      expect(await qmp.execute('human-monitor-command', look)).toContain(listening);
    }, WAIT);
  }
  await patient.stop(VM, call());
  expect(await vms.processes()).toEqual([]);
});

test('a VM whose QEMU was killed starts again', async () => {
  await provider.create(VM, call());
  const [killed = 0] = await vms.processes();
  process.kill(killed, 'SIGKILL');
  await vi.waitFor(async () => expect(await vms.processes()).toEqual([]), WAIT);
  await provider.snapshot(VM, SNAPSHOT, call());
  await provider.restart(VM, call());
  const [next = 0, ...others] = await vms.processes();
  expect(next).not.toBe(killed);
  expect(others).toEqual([]);
});

test('a process that has got the number of a dead QEMU is left alone', async () => {
  await provider.create(VM, call());
  await provider.stop(VM, call());
  // The number of the process that runs this test.
  await writeFile(join(vms.path, VM.id, 'pid'), `${process.pid}\n`);
  await provider.remove(VM, call());
  expect(await vms.files(VM.id)).toEqual([]);
});

test.each([
  ['stop', 0],
  ['start', 1],
  ['restart', 1],
] as const)('%s ends a QEMU that hangs, and %i runs then', async (action, running) => {
  await provider.create(VM, call());
  const impatient = await open({ timeouts: { answerMs: 100, quitMs: 100 } });
  const [hanging = 0] = await vms.processes();
  process.kill(hanging, 'SIGSTOP');
  await impatient[action](VM, call());
  const processes = await vms.processes();
  expect(processes).toHaveLength(running);
  expect(processes).not.toContain(hanging);
});

test('a VM that QEMU has paused goes on when it is started', async () => {
  await provider.create(VM, call());
  {
    using qmp = await connect();
    await qmp.execute('stop');
  }
  await provider.start(VM, call());
  using qmp = await connect();
  expect(await qmp.execute('query-status')).toMatchObject({ status: 'running' });
});

test('disks begin with the base image, and are as large at least', async () => {
  const base = join(vms.path, 'base.qcow2');
  await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', base, '5G']);
  const withBase = await open({ baseImage: base });
  await withBase.create(VM, call());
  expect(await imageOf(VM.id)).toMatchObject({
    'virtual-size': 5 * 1024 ** 3,
    'backing-filename': base,
    'backing-filename-format': 'qcow2',
  });
  await provider.stop(VM, call());
  await rm(base);
  await expect(provider.start(VM, call())).rejects.toMatchObject({
    message: 'the base image of the disk is missing',
  });
});

test('a VM that has lost its disk does not get an empty one', async () => {
  await provider.create(VM, call());
  await provider.stop(VM, call());
  await rm(join(vms.path, VM.id, 'disk.qcow2'));
  const lost = { code: 'ERR_PROVIDER', isPermanent: true };
  await expect(provider.start(VM, call())).rejects.toMatchObject(lost);
  await expect(provider.snapshot(VM, SNAPSHOT, call())).rejects.toMatchObject(lost);
  await provider.remove(VM, call());
});

test.each(['../../etc', '', 'a'.repeat(23), 'A'.repeat(24), `${'a'.repeat(24)}/`])(
  'what is no id never becomes a path: %j',
  async (id) => {
    const refused = { code: 'ERR_PROVIDER', isPermanent: true };
    await expect(provider.create({ ...VM, id }, call())).rejects.toMatchObject(refused);
    await expect(provider.snapshot(VM, { ...SNAPSHOT, id }, call())).rejects.toMatchObject(refused);
    await expect(provider.stop(VM, call({ operationId: id }))).rejects.toMatchObject(refused);
  },
);

test('a directory whose sockets would have too long a name is refused', async () => {
  const QEMU_DIR = join(vms.path, 'd'.repeat(100));
  await expect(createQemuProvider({ PATH: process.env['PATH'], QEMU_DIR })).rejects.toThrow('at most');
});
