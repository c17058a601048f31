/**
 * The CloudVM application on Fastify, as one process or as a cluster of them. Started by bench/api/arms.ts.
 */
import cluster from 'node:cluster';
import { type PeerSettings, readPeerSettings } from './settings.ts';

const settings = readPeerSettings(process.env);
if (settings.processes > 1 && cluster.isPrimary) lead(settings);
else await serve(settings);

/** The processes of a cluster share the port. It is announced when all of them serve. */
function lead({ processes }: PeerSettings): void {
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

/** A primary has no use for Fastify and the driver, so they are loaded here. */
async function serve(peerSettings: PeerSettings): Promise<void> {
  const { openPeer } = await import('./peer.ts');
  const peer = await openPeer(peerSettings);
  const address = await peer.api.listen({ host: '127.0.0.1', port: 0 });
  if (cluster.isPrimary) announce(address);
  process.once('SIGTERM', () => {
    // Keep-alive connections without a request would hold the process for a minute.
    peer.api.server.closeAllConnections();
    void peer[Symbol.asyncDispose]().then(() => cluster.worker?.disconnect());
  });
}

function announce(address: string): void {
  process.stdout.write(`listening on ${address}\n`);
}
