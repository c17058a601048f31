/**
 * Remembers the highest attempt of each operation on a VM, and refuses the call of an earlier one: it comes
 * from a worker that was believed dead, and others have done the work since. One file for each VM, read and
 * written under its lock (vm-lock.ts). It outlives the VM, because a late call must not create it again.
 */
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProviderCall, ProviderError } from '../provider.ts';

/** No worker is believed dead for so long and then calls. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** Of one VM. Calls of operations before these are as old. */
const MAX_OPERATIONS = 64;

interface Fenced {
  readonly isRemoved: boolean;
  readonly attempts: Readonly<Record<string, number>>;
}

export class Fence {
  readonly #directory: string;
  readonly #path: string;

  /** @param directory of the fences of all VMs */
  constructor(directory: string, vmId: string) {
    this.#directory = directory;
    this.#path = join(directory, vmId);
  }

  /** @throws ProviderError if a later attempt has called, or the VM was removed */
  async pass({ operationId, attempt }: ProviderCall, isRemoval: boolean): Promise<void> {
    const { isRemoved, attempts } = await this.#read();
    if ((isRemoved && !isRemoval) || (attempts[operationId] ?? 0) > attempt) {
      throw new ProviderError('another worker has taken over', { isPermanent: false });
    }
    const { [operationId]: _, ...others } = attempts;
    const latest = [...Object.entries(others), [operationId, attempt] as const].slice(-MAX_OPERATIONS);
    await this.#write({ isRemoved, attempts: Object.fromEntries(latest) });
  }

  /** From now on only removals pass. */
  async close(): Promise<void> {
    const { attempts } = await this.#read();
    await this.#write({ isRemoved: true, attempts });
    await this.#forgetOld();
  }

  async #read(): Promise<Fenced> {
    const text = await readFile(this.#path, 'utf8').catch(emptyIfMissing);
    try {
      const { isRemoved, attempts } = JSON.parse(text);
      return { isRemoved: isRemoved === true, attempts: { ...attempts } };
    } catch {
      // It is the first call. Or a power cut has left half a file, and no worker of before it is left.
      return { isRemoved: false, attempts: {} };
    }
  }

  async #write(fenced: Fenced): Promise<void> {
    const draft = `${this.#path}.draft`;
    await writeFile(draft, JSON.stringify(fenced), { mode: 0o600 });
    await rename(draft, this.#path);
  }

  /** Those of VMs that are gone. */
  async #forgetOld(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats === undefined || Date.now() - stats.mtimeMs < KEPT_MS) continue;
      const { isRemoved } = await new Fence(this.#directory, name).#read();
      if (isRemoved) await rm(path, { force: true });
    }
  }
}

function emptyIfMissing(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
  throw error;
}
