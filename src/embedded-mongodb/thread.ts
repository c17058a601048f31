/**
 * Entry of the embedded database's thread: opens the server, says so, and closes it in order when asked.
 * Started by start.ts as a worker thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { EmbeddedDatabaseError } from './errors.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';
import { DatabaseServer } from './server.ts';

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
    // An error here ends the thread with a code that its starter reports.
    void server[Symbol.asyncDispose]().then(() => port.close());
  });
  send({ kind: 'ready', uri: server.uri });
} catch (error) {
  const code = error instanceof EmbeddedDatabaseError ? error.code : 'DATA_DIRECTORY_UNUSABLE';
  send({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) });
  port.close();
}
