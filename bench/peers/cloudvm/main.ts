/**
 * The CloudVM application on Fastify, as one process or as a cluster of them. Started by
 * bench/arms/cloudvm-arms.ts.
 */
import { serveInProcesses } from '../serve-in-processes.ts';
import { readPeerSettings } from './settings.ts';

const settings = readPeerSettings(process.env);

/** A primary has no use for Fastify and the driver, so they are loaded where they serve. */
await serveInProcesses(settings.processes, async () => {
  const { openPeer } = await import('./peer.ts');
  const peer = await openPeer(settings);
  const address = await peer.api.listen({ host: '127.0.0.1', port: 0 });
  return {
    address,
    close: async () => {
      // Keep-alive connections without a request would hold the process for a minute.
      peer.api.server.closeAllConnections();
      await peer[Symbol.asyncDispose]();
    },
  };
});
