import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PendingVm } from '../../../../src/cloudvm/vms/provisioning/pending-vms.ts';
import {
  MAX_BATCH_SIZE,
  Provisioner,
  type ProvisionerOptions,
} from '../../../../src/cloudvm/vms/provisioning/provisioner.ts';

/** A multiple of the interval in which VMs are due together. So a VM is due exactly then. */
const DELAY_MS = 260;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function pendingVm(id: string, ageMs = 0): PendingVm {
  return { id, updatedAt: new Date(Date.now() - ageMs) };
}

function open(options: Partial<ProvisionerOptions> = {}) {
  const start = vi.fn(async (_ids: readonly string[]): Promise<void> => {});
  const find = vi.fn(async (): Promise<readonly PendingVm[]> => []);
  const errors: unknown[] = [];
  const provisioner = new Provisioner({
    pending: { find, start },
    delayMs: DELAY_MS,
    retryMs: 1_000,
    sweepIntervalMs: 15_000,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { provisioner, start, find, errors };
}

describe('a new VM', () => {
  test('is started once, after the delay', async () => {
    const { provisioner, start } = open();
    provisioner.schedule(pendingVm('a'));
    provisioner.schedule(pendingVm('a'));
    await vi.advanceTimersByTimeAsync(DELAY_MS - 1);
    expect(start).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(start.mock.calls).toEqual([[['a']]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(start).toHaveBeenCalledTimes(1);
  });

  test('is tried again until the database takes the write', async () => {
    const { provisioner, start, errors } = open();
    const failure = new Error('no database');
    start.mockRejectedValueOnce(failure).mockRejectedValueOnce(failure);
    provisioner.schedule(pendingVm('a'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(start).toHaveBeenCalledTimes(3);
    expect(errors).toEqual([failure, failure]);
  });
});

describe('at its start the provisioner', () => {
  test('starts VMs that were left pending, at once if their delay has passed', async () => {
    const { provisioner, start, find } = open();
    find.mockResolvedValueOnce([pendingVm('old', 60_000), pendingVm('new', 100)]);
    provisioner.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(start.mock.calls.flat(2)).toEqual(['old']);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(start.mock.calls.flat(2)).toEqual(['old', 'new']);
    await provisioner.stop();
  });

  test('starts a VM with a date in the future after at most the delay', async () => {
    const { provisioner, start } = open();
    provisioner.schedule(pendingVm('a', -3_600_000));
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(start).toHaveBeenCalledTimes(1);
  });

  test('sweeps again and again, sooner after a failure', async () => {
    const { provisioner, find, errors } = open();
    find.mockRejectedValueOnce(new Error('no database'));
    provisioner.start();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(errors).toHaveLength(1);
    expect(find).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(find).toHaveBeenCalledTimes(4);
    await provisioner.stop();
  });
});

describe('VMs that are due at about the same time', () => {
  test('are started with one write, and none before its time', async () => {
    const { provisioner, start } = open();
    provisioner.schedule(pendingVm('a'));
    await vi.advanceTimersByTimeAsync(5);
    provisioner.schedule(pendingVm('b'));
    await vi.advanceTimersByTimeAsync(10);
    provisioner.schedule(pendingVm('c'));
    await vi.advanceTimersByTimeAsync(DELAY_MS - 15);
    expect(start.mock.calls).toEqual([[['a']]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(start.mock.calls).toEqual([[['a']], [['b', 'c']]]);
  });

  test('are tried again together', async () => {
    const { provisioner, start } = open();
    start.mockRejectedValueOnce(new Error('no database'));
    for (const id of ['a', 'b', 'c']) provisioner.schedule(pendingVm(id));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(start.mock.calls).toEqual([[['a', 'b', 'c']], [['a', 'b', 'c']]]);
  });

  test('are divided into writes of bounded size, one at a time', async () => {
    const { provisioner, start } = open();
    let writes = 0;
    let most = 0;
    start.mockImplementation(async () => {
      writes += 1;
      most = Math.max(most, writes);
      await new Promise((resolve) => setTimeout(resolve, 50));
      writes -= 1;
    });
    const ids = Array.from({ length: 2 * MAX_BATCH_SIZE + 1 }, (_, index) => String(index));
    for (const id of ids) {
      provisioner.schedule(pendingVm(id));
      await vi.advanceTimersByTimeAsync(Number(id) % 100 === 0 ? 1 : 0);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(start.mock.calls.flat(2)).toEqual(ids);
    expect(Math.max(...start.mock.calls.map(([started]) => started.length))).toBe(MAX_BATCH_SIZE);
    expect(most).toBe(1);
    expect(provisioner.scheduled).toBe(0);
  });
});

describe('a provisioner with more VMs than it keeps in memory', () => {
  test('finds the others in a later sweep', async () => {
    const { provisioner, start, find } = open({ maxScheduled: 2 });
    const waiting = new Set(['a', 'b', 'c', 'd', 'e']);
    find.mockImplementation(async (...[limit]: unknown[]) =>
      [...waiting].slice(0, Number(limit)).map((id) => pendingVm(id)),
    );
    start.mockImplementation(async (ids) => {
      for (const id of ids) waiting.delete(id);
    });
    provisioner.schedule(pendingVm('a'));
    provisioner.schedule(pendingVm('b'));
    provisioner.schedule(pendingVm('c'));
    expect(provisioner.scheduled).toBe(2);
    provisioner.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect([...waiting]).toEqual([]);
    await provisioner.stop();
  });
});

describe('a provisioner that stops', () => {
  test('starts no more VMs and leaves no timer', async () => {
    const { provisioner, start } = open();
    provisioner.start();
    provisioner.schedule(pendingVm('a'));
    await provisioner.stop();
    provisioner.schedule(pendingVm('b'));
    expect(vi.getTimerCount()).toBe(0);
    expect(provisioner.scheduled).toBe(0);
    expect(start).not.toHaveBeenCalled();
  });

  test('waits for writes under way and does not repeat them', async () => {
    const { provisioner, start } = open();
    const gate = Promise.withResolvers<void>();
    start.mockReturnValue(gate.promise);
    provisioner.schedule(pendingVm('a'));
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    let stopped = false;
    const stopping = provisioner.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(stopped).toBe(false);
    gate.reject(new Error('the database went away'));
    await stopping;
    expect(vi.getTimerCount()).toBe(0);
  });
});
