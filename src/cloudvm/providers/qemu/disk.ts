/**
 * The disk of a VM: a qcow2 image, made and changed by qemu-img while the VM does not run. QEMU and qemu-img
 * lock an image that they write, so the second of two fails.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ProviderError } from '../provider.ts';
import { runCommand } from './command.ts';
import { isMessage } from './qmp-client.ts';

const GB = 1_073_741_824;

export class Disk {
  readonly path: string;
  readonly #signal: AbortSignal;

  constructor(path: string, signal: AbortSignal) {
    this.path = path;
    this.#signal = signal;
  }

  exists(): Promise<boolean> {
    return isThere(this.path);
  }

  /**
   * Makes the disk unless it exists. It grows with what is written to it.
   * @param sizeGb at least the size of the base image
   */
  async create(sizeGb: number, baseImage: string | undefined): Promise<void> {
    if (await this.exists()) return;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    // A worker that dies may leave half a disk, and a qemu-img that still writes it. Its name is used once.
    const draft = `${this.path}.${randomUUID()}.draft`;
    const base = baseImage === undefined ? undefined : await this.#describe(baseImage);
    const backing = base && ['-b', base.path, '-F', base.format];
    const bytes = Math.max(sizeGb * GB, base?.bytes ?? 0);
    await this.#qemuImg('create', '-q', '-f', 'qcow2', ...(backing ?? []), draft, String(bytes));
    await rename(draft, this.path);
  }

  async snapshots(): Promise<string[]> {
    const snapshots = (await this.#info(this.path))['snapshots'];
    return namesOf(snapshots);
  }

  async takeSnapshot(tag: string): Promise<void> {
    await this.#qemuImg('snapshot', '-c', tag, this.path);
  }

  async deleteSnapshot(tag: string): Promise<void> {
    await this.#qemuImg('snapshot', '-d', tag, this.path);
  }

  async #describe(path: string): Promise<{ path: string; format: string; bytes: number }> {
    if (!(await isThere(path))) throw new ProviderError('the base image is missing', { isPermanent: true });
    const { format, 'virtual-size': bytes } = await this.#info(path);
    return { path, format: String(format), bytes: Number(bytes) };
  }

  async #info(path: string): Promise<Readonly<Record<string, unknown>>> {
    const info: unknown = JSON.parse(await this.#qemuImg('info', '--output=json', path));
    if (!isMessage(info)) throw new Error(`qemu-img says nothing about ${path}`);
    return info;
  }

  #qemuImg(...parameters: string[]): Promise<string> {
    return runCommand('qemu-img', parameters, this.#signal);
  }
}

/** @param snapshots as QEMU and qemu-img list them. They leave an empty list out. */
export function namesOf(snapshots: unknown): string[] {
  if (!Array.isArray(snapshots)) return [];
  return snapshots.filter(isMessage).map(({ name }) => String(name));
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
