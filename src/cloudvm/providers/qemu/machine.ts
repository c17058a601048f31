/**
 * One VM: a directory with its disk, and the QEMU process that runs it. QEMU runs as a daemon, so it outlives
 * the worker and the server, and is found again by its pid file and its QMP socket.
 *
 * No disk gets two QEMUs. QEMU locks its pid file before it touches anything else, so a second one ends and
 * leaves the socket of the first alone. It locks the disk as well, in case somebody has removed the pid file.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmSize } from '../../vms/vm.ts';
import { ProviderError } from '../provider.ts';
import { runCommand } from './command.ts';
import { Disk } from './disk.ts';
import { isMessage, QmpClient } from './qmp-client.ts';
import { until } from './waiting.ts';

export const QEMU = 'qemu-system-x86_64';
/** In the directory of a VM. The path must fit into an address of a unix socket. */
export const QMP_SOCKET = 'qmp';
/** The name of the disk in QEMU. */
export const DISK = 'disk';

interface Hardware {
  readonly processors: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

const HARDWARE: Readonly<Record<VmSize, Hardware>> = {
  small: { processors: 1, memoryMb: 256, diskGb: 4 },
  medium: { processors: 1, memoryMb: 512, diskGb: 8 },
  large: { processors: 2, memoryMb: 1024, diskGb: 16 },
};

export interface MachineTimeouts {
  /** For the greeting of QEMU, and for each answer. It answers nobody while it writes the memory of a VM. */
  readonly answerMs: number;
  /** For QEMU to write what it has in memory, and end. */
  readonly quitMs: number;
}

const TIMEOUTS: MachineTimeouts = { answerMs: 60_000, quitMs: 20_000 };
const KILL_TIMEOUT_MS = 10_000;

export interface MachineOptions {
  /** Absolute path. */
  readonly directory: string;
  /** Ends every wait. */
  readonly signal: AbortSignal;
  readonly timeouts?: MachineTimeouts | undefined;
}

export class Machine {
  readonly disk: Disk;
  readonly #directory: string;
  readonly #pidFile: string;
  readonly #socket: string;
  readonly #signal: AbortSignal;
  readonly #timeouts: MachineTimeouts;

  constructor({ directory, signal, timeouts = TIMEOUTS }: MachineOptions) {
    this.disk = new Disk(join(directory, 'disk.qcow2'), signal);
    this.#directory = directory;
    this.#pidFile = join(directory, 'pid');
    this.#socket = join(directory, QMP_SOCKET);
    this.#signal = signal;
    this.#timeouts = timeouts;
  }

  async createDisk(size: VmSize, baseImage: string | undefined): Promise<void> {
    await this.disk.create(HARDWARE[size].diskGb, baseImage);
  }

  async isRunning(): Promise<boolean> {
    return (await this.#processId()) !== undefined;
  }

  /**
   * A VM that runs stays as it is, but goes on if QEMU has paused it because the host's disk was full. A QEMU
   * that hangs is replaced, because its owner has no other way to get it going.
   */
  async start(size: VmSize): Promise<void> {
    if ((await this.isRunning()) && (await this.#ask(resume))) return;
    await this.#end();
    if (!(await this.disk.exists())) {
      throw new ProviderError('the VM has no disk: delete it and create another', { isPermanent: true });
    }
    await runCommand(QEMU, this.#parameters(HARDWARE[size]), this.#signal);
  }

  /** Lets the system in the VM shut down, and ends QEMU if it has not in time. */
  async stop(powerdownTimeoutMs: number): Promise<void> {
    const processId = await this.#processId();
    if (processId === undefined) return;
    const isAsked = await this.#ask((qmp) => qmp.execute('system_powerdown'));
    if (isAsked && (await this.#hasEnded(processId, powerdownTimeoutMs))) return;
    await this.#end();
  }

  async restart(size: VmSize): Promise<void> {
    if ((await this.isRunning()) && (await this.#ask(reset))) return;
    await this.#end();
    await this.start(size);
  }

  /** Ends QEMU and deletes everything. */
  async remove(): Promise<void> {
    await this.#end();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** @throws QmpError, and the reason of the signal */
  connect(answerTimeoutMs = this.#timeouts.answerMs): Promise<QmpClient> {
    return QmpClient.connect(this.#socket, { signal: this.#signal, answerTimeoutMs });
  }

  async #end(): Promise<void> {
    const processId = await this.#processId();
    if (processId === undefined) return;
    await this.#ask((qmp) => qmp.execute('quit'));
    if (await this.#hasEnded(processId, this.#timeouts.quitMs)) return;
    await this.#kill(processId);
    if (await this.#hasEnded(processId, KILL_TIMEOUT_MS)) return;
    throw new ProviderError('the VM does not end', { isPermanent: false });
  }

  async #kill(processId: number): Promise<void> {
    try {
      if (await this.#isAlive(processId)) process.kill(processId, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }

  /** @returns false if QEMU hangs, ends, or refuses it */
  async #ask(question: (qmp: QmpClient) => Promise<unknown>): Promise<boolean> {
    try {
      using qmp = await this.connect();
      await question(qmp);
      return true;
    } catch {
      this.#signal.throwIfAborted();
      return false;
    }
  }

  /** QEMU deletes its pid file a little before its end. So the process itself is watched. */
  #hasEnded(processId: number, timeoutMs: number): Promise<boolean> {
    return until(async () => !(await this.#isAlive(processId)), timeoutMs, this.#signal);
  }

  /** undefined if the VM does not run. A QEMU that was killed leaves its pid file behind. */
  async #processId(): Promise<number | undefined> {
    const processId = Number(await readOrEmpty(this.#pidFile));
    if (!Number.isSafeInteger(processId) || processId <= 1) return undefined;
    return (await this.#isAlive(processId)) ? processId : undefined;
  }

  /** Another process may have the number now. One that has ended has no command line. */
  async #isAlive(processId: number): Promise<boolean> {
    const commandLine = await readOrEmpty(`/proc/${processId}/cmdline`);
    return commandLine.split('\0').includes(this.#pidFile);
  }

  /** Nothing that is not listed: no network, no display, no configuration of the host's user. */
  #parameters({ processors, memoryMb }: Hardware): string[] {
    const file = { driver: 'file', filename: this.disk.path, discard: 'unmap' };
    const disk = { 'node-name': DISK, driver: 'qcow2', discard: 'unmap', file };
    return [
      ['-nodefaults'],
      ['-no-user-config'],
      ['-display', 'none'],
      ['-sandbox', 'on,obsolete=deny,resourcecontrol=deny'],
      ['-machine', 'q35,accel=kvm:tcg'],
      ['-smp', String(processors)],
      ['-m', String(memoryMb)],
      ['-blockdev', JSON.stringify(disk)],
      ['-device', `virtio-blk-pci,drive=${DISK}`],
      ['-chardev', `socket,id=qmp,server=on,wait=off,path=${this.#socket.replaceAll(',', ',,')}`],
      ['-mon', 'chardev=qmp,mode=control'],
      ['-pidfile', this.#pidFile],
      ['-daemonize'],
    ].flat();
  }
}

async function reset(qmp: QmpClient): Promise<void> {
  await qmp.execute('system_reset');
  await resume(qmp);
}

async function resume(qmp: QmpClient): Promise<void> {
  const status = await qmp.execute('query-status');
  if (isMessage(status) && status['running'] === false) await qmp.execute('cont');
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
