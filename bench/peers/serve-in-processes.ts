/** A server of Node.js as one process, or as a cluster of processes that share a port. */
import cluster from 'node:cluster';

export interface ListeningServer {
  /** Such as http://127.0.0.1:1234. */
  readonly address: string;
  close(): Promise<void>;
}

/** @param serve resolves when its server listens. It is called in each process that serves */
export async function serveInProcesses(
  processes: number,
  serve: () => Promise<ListeningServer>,
): Promise<void> {
  if (processes > 1 && cluster.isPrimary) {
    lead(processes);
    return;
  }
  // Nobody would stop a process whose primary is gone, whatever it was about to do.
  if (cluster.isWorker) process.once('disconnect', () => process.exit());
  const server = await serve();
  if (cluster.isPrimary) announce(server.address);
  process.once('SIGTERM', () => {
    void server.close().finally(() => process.exit());
  });
}

/** The port is announced when all processes serve. */
function lead(processes: number): void {
  let listening = 0;
  cluster.on('listening', (_worker, { port }) => {
    listening += 1;
    if (listening === processes) announce(`http://127.0.0.1:${port}`);
  });
  for (let index = 0; index < processes; index += 1) cluster.fork();
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  });
}

function announce(address: string): void {
  process.stdout.write(`listening on ${address}\n`);
}
