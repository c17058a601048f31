/**
 * The entry of the database's thread. It opens the server, reports the URI, and closes the server when asked
 * to. embedded-database.ts starts it as a worker thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { EmbeddedDatabaseError } from '../embedded-database-error.ts';
import { DatabaseServer } from '../server/database-server.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('thread.ts is the entry of a worker thread');

function send(message: FromThread): void {
  port?.postMessage(message);
}

try {
  const options = workerData as ThreadOptions;
  const server = await DatabaseServer.open({
    ...options,
    log: (level, message, details = {}) => send({ kind: 'log', line: { level, message, details } }),
  });
  port.on('message', (message: ToThread) => {
    if (message.kind !== 'close') return;
    // An error here ends the thread, and its starter reports it.
    void server[Symbol.asyncDispose]().then(() => port.close());
  });
  send({ kind: 'ready', uri: server.uri });
} catch (error) {
  // Any other error is a defect. It ends the thread, and its starter reports it.
  if (!(error instanceof EmbeddedDatabaseError)) throw error;
  send({ kind: 'failed', code: error.code, message: error.message });
  port.close();
}
