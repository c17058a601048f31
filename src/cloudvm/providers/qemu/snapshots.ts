/**
 * Snapshots of a VM, in its disk. That of a running VM has its memory too, and is a job of QEMU. It goes on
 * when the worker dies that has begun it, so it is looked for before another one is begun.
 */
import { ProviderError } from '../provider.ts';
import { namesOf } from './disk.ts';
import { DISK, type Machine } from './machine.ts';
import { isMessage, type QmpClient, QmpError } from './qmp-client.ts';
import { until } from './waiting.ts';

/** For the job of one snapshot. A call of the provider must end in time (qemu-provider.ts). */
const JOB_TIMEOUT_MS = 240_000;

export async function takeSnapshot(machine: Machine, tag: string, signal: AbortSignal): Promise<void> {
  if (await machine.isRunning()) {
    using qmp = await machine.connect(JOB_TIMEOUT_MS);
    await takeWhileRunning(qmp, tag, signal);
  } else if (await machine.disk.exists()) {
    if (!(await machine.disk.snapshots()).includes(tag)) await machine.disk.takeSnapshot(tag);
  } else {
    throw new ProviderError('the VM has no disk', { isPermanent: true });
  }
}

export async function deleteSnapshot(machine: Machine, tag: string, signal: AbortSignal): Promise<void> {
  if (await machine.isRunning()) {
    using qmp = await machine.connect(JOB_TIMEOUT_MS);
    await finishEarlierJobs(qmp, tag, signal);
    if (!(await snapshotsOf(qmp)).includes(tag)) return;
    await runJob(qmp, 'snapshot-delete', `delete-${tag}`, { tag, devices: [DISK] }, signal);
  } else if (await machine.disk.exists()) {
    if ((await machine.disk.snapshots()).includes(tag)) await machine.disk.deleteSnapshot(tag);
  }
}

/** Whatever has become of them. Otherwise they would keep their names. */
async function finishEarlierJobs(qmp: QmpClient, tag: string, signal: AbortSignal): Promise<void> {
  for (const id of [`save-${tag}`, `delete-${tag}`]) {
    try {
      await finishJob(qmp, id, signal);
    } catch (error) {
      if (!(error instanceof QmpError)) throw error;
    }
  }
}

async function takeWhileRunning(qmp: QmpClient, tag: string, signal: AbortSignal): Promise<void> {
  await finishEarlierJobs(qmp, tag, signal);
  // A snapshot is listed only when it is whole.
  if ((await snapshotsOf(qmp)).includes(tag)) return;
  await runJob(qmp, 'snapshot-save', `save-${tag}`, { tag, vmstate: DISK, devices: [DISK] }, signal);
}

async function runJob(
  qmp: QmpClient,
  command: string,
  id: string,
  parameters: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  await qmp.execute(command, { 'job-id': id, ...parameters });
  await finishJob(qmp, id, signal);
}

/** Waits for the end of a job, if it exists. @throws QmpError if it has failed */
async function finishJob(qmp: QmpClient, id: string, signal: AbortSignal): Promise<void> {
  const isOver = async () => [undefined, 'concluded'].includes((await jobOf(qmp, id))?.['status'] as string);
  if (!(await until(isOver, JOB_TIMEOUT_MS, signal))) {
    throw new ProviderError('the snapshot takes too long', { isPermanent: false });
  }
  const job = await jobOf(qmp, id);
  if (job === undefined) return;
  await qmp.execute('job-dismiss', { id });
  if (typeof job['error'] === 'string') throw new QmpError(job['error']);
}

async function jobOf(qmp: QmpClient, id: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const jobs = await qmp.execute('query-jobs');
  return Array.isArray(jobs) ? jobs.filter(isMessage).find((job) => job['id'] === id) : undefined;
}

async function snapshotsOf(qmp: QmpClient): Promise<string[]> {
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
  if (!Array.isArray(nodes)) throw new QmpError('QEMU lists no disks');
  const disk = nodes.filter(isMessage).find((node) => node['node-name'] === DISK);
  const image = disk?.['image'];
  if (!isMessage(image)) throw new QmpError('QEMU does not list the disk');
  return namesOf(image['snapshots']);
}
