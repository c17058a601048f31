/** node:http alone, answering GET /health. A server on Node's own HTTP cannot do less. */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  if (request.url !== '/health') {
    response.writeHead(404, { 'content-length': 0 }).end();
    return;
  }
  const body = JSON.stringify({ status: 'ok' });
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  process.stdout.write(`listening on http://127.0.0.1:${address.port}\n`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
