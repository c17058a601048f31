/**
 * Lets one call at a time work on a VM, in all workers of all processes that share the directory. The lock is
 * an abstract socket of Linux (unix(7)): the kernel lets one bind a name, and frees the name when the thread
 * or the process that has bound it ends, however it ends. So no lock is left behind, and none is a file.
 *
 * Abstract names belong to a network namespace. Containers that share the directory must share that too. The
 * locks that QEMU itself puts on its pid file and on its disk hold even there: no disk gets two VMs.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { until } from './waiting.ts';

/** @returns undefined if the lock was not free in time. @throws the reason of the signal */
export async function lockVm(
  directory: string,
  vmId: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<AsyncDisposable | undefined> {
  const digest = createHash('sha256').update(await realpath(directory));
  const name = `\0cloudvm-qemu/${digest.digest('hex').slice(0, 32)}/${vmId}`;
  let lock: Server | undefined;
  const take = async () => {
    lock = await bind(name);
    return lock !== undefined;
  };
  await until(take, timeoutMs, signal);
  return lock;
}

/** @returns undefined if another has it */
async function bind(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ path });
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
