/** A directory for VMs of QEMU. At its end no QEMU runs there, whatever a test has left. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { needTool } from '../../../../clients/support/tool.ts';

export class VmsOfQemu implements AsyncDisposable {
  readonly path: string;

  /** Skips the test where QEMU is not installed. */
  static async open(context: TestContext): Promise<VmsOfQemu> {
    needTool(context, 'qemu-system-x86_64');
    needTool(context, 'qemu-img');
    return new VmsOfQemu(await mkdtemp(join(tmpdir(), 'cloudvm-qemu-')));
  }

  private constructor(path: string) {
    this.path = path;
  }

  /** The ids of the processes that run a VM of this directory. */
  async processes(): Promise<number[]> {
    const found: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      if (commandLine.startsWith('qemu-') && commandLine.includes(`${this.path}/`)) found.push(Number(name));
    }
    return found;
  }

  /** What is left of a VM. */
  files(id: string): Promise<string[]> {
    return readdir(join(this.path, id)).catch(() => []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of await this.processes()) process.kill(id, 'SIGKILL');
    await rm(this.path, { recursive: true, force: true });
  }
}
