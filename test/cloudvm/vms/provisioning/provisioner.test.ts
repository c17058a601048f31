import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PendingVm } from '../../../../src/cloudvm/vms/provisioning/pending-vms.ts';
import {
  Provisioner,
  type ProvisionerOptions,
} from '../../../../src/cloudvm/vms/provisioning/provisioner.ts';
import { StatusConflictError } from '../../../../src/cloudvm/vms/repository/vm-errors.ts';
import { VM_TRANSITIONS } from '../../../../src/cloudvm/vms/vm.ts';

const DELAY_MS = 250;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function pendingVm(id: string, ageMs = 0): PendingVm {
  return { id, ownerId: `owner of ${id}`, updatedAt: new Date(Date.now() - ageMs) };
}

function open(options: Partial<ProvisionerOptions> = {}) {
  const changeStatus = vi.fn(async () => undefined);
  const find = vi.fn(async (): Promise<readonly PendingVm[]> => []);
  const errors: unknown[] = [];
  const provisioner = new Provisioner({
    vms: { changeStatus },
    pending: { find },
    delayMs: DELAY_MS,
    retryMs: 1_000,
    sweepIntervalMs: 15_000,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { provisioner, changeStatus, find, errors };
}

describe('a new VM', () => {
  test('is started once, after the delay', async () => {
    const { provisioner, changeStatus } = open();
    provisioner.schedule(pendingVm('a'));
    provisioner.schedule(pendingVm('a'));
    await vi.advanceTimersByTimeAsync(DELAY_MS - 1);
    expect(changeStatus).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(changeStatus.mock.calls).toEqual([['owner of a', 'a', VM_TRANSITIONS.started]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(changeStatus).toHaveBeenCalledTimes(1);
  });

  test('is left alone when another worker has started it', async () => {
    const { provisioner, changeStatus, errors } = open();
    changeStatus.mockRejectedValue(new StatusConflictError('running'));
    provisioner.schedule(pendingVm('a'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(changeStatus).toHaveBeenCalledTimes(1);
    expect(errors).toEqual([]);
  });

  test('is tried again until the database takes the write', async () => {
    const { provisioner, changeStatus, errors } = open();
    const failure = new Error('no database');
    changeStatus.mockRejectedValueOnce(failure).mockRejectedValueOnce(failure);
    provisioner.schedule(pendingVm('a'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(changeStatus).toHaveBeenCalledTimes(3);
    expect(errors).toEqual([failure, failure]);
  });
});

describe('at its start the provisioner', () => {
  test('starts VMs that were left pending, at once if their delay has passed', async () => {
    const { provisioner, changeStatus, find } = open();
    find.mockResolvedValueOnce([pendingVm('old', 60_000), pendingVm('new', 100)]);
    provisioner.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(changeStatus.mock.calls.map(([, id]: unknown[]) => id)).toEqual(['old']);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(changeStatus.mock.calls.map(([, id]: unknown[]) => id)).toEqual(['old', 'new']);
    await provisioner.stop();
  });

  test('starts a VM with a date in the future after at most the delay', async () => {
    const { provisioner, changeStatus } = open();
    provisioner.schedule(pendingVm('a', -3_600_000));
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(changeStatus).toHaveBeenCalledTimes(1);
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

test('a provisioner with many due VMs writes two at a time until all are running', async () => {
  const { provisioner, changeStatus } = open();
  let writes = 0;
  let most = 0;
  changeStatus.mockImplementation(async () => {
    writes += 1;
    most = Math.max(most, writes);
    await new Promise((resolve) => setTimeout(resolve, 10));
    writes -= 1;
    return undefined;
  });
  for (let index = 0; index < 50; index++) provisioner.schedule(pendingVm(String(index)));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(changeStatus).toHaveBeenCalledTimes(50);
  expect(most).toBe(2);
  expect(provisioner.scheduled).toBe(0);
});

describe('a provisioner with more VMs than it keeps in memory', () => {
  test('finds the others in a later sweep', async () => {
    const { provisioner, changeStatus, find } = open({ maxScheduled: 2 });
    const waiting = new Set(['a', 'b', 'c', 'd', 'e']);
    find.mockImplementation(async (...[limit]: unknown[]) =>
      [...waiting].slice(0, Number(limit)).map((id) => pendingVm(id)),
    );
    changeStatus.mockImplementation(async (...[, id]: unknown[]) => {
      waiting.delete(String(id));
      return undefined;
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
    const { provisioner, changeStatus } = open();
    provisioner.start();
    provisioner.schedule(pendingVm('a'));
    await provisioner.stop();
    provisioner.schedule(pendingVm('b'));
    expect(vi.getTimerCount()).toBe(0);
    expect(provisioner.scheduled).toBe(0);
    expect(changeStatus).not.toHaveBeenCalled();
  });

  test('waits for writes under way and does not repeat them', async () => {
    const { provisioner, changeStatus } = open();
    const gate = Promise.withResolvers<undefined>();
    changeStatus.mockReturnValue(gate.promise);
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
