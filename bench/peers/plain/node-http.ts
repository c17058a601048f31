/** The plain application (work.ts) on node:http alone. A server on Node's own HTTP can hardly do less. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  BIG,
  BYTES_TYPE,
  burn,
  FIELD,
  HEALTH_TEXT,
  JSON_TYPE,
  millisecondsOf,
  subjectReader,
} from './work.ts';

const subjectOf = subjectReader();

const server = createServer((request, response) => {
  const { url = '' } = request;
  if (url === '/health' || url === '/constant') send(response, JSON_TYPE, HEALTH_TEXT);
  else if (url.startsWith('/params/')) sendParameters(response, url);
  else if (url === '/field') sendJson(response, { field: request.headers[FIELD] });
  else if (url === '/echo') echo(request, response);
  else if (url === '/big') send(response, BYTES_TYPE, BIG);
  else if (url === '/me') sendJson(response, { sub: subjectOf(request.headers.authorization) });
  else if (url.startsWith('/cpu?')) sendBurnt(response, url);
  else response.writeHead(404, { 'content-length': 0 }).end();
});

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

function sendJson(response: ServerResponse, value: unknown): void {
  send(response, JSON_TYPE, JSON.stringify(value));
}

function sendParameters(response: ServerResponse, url: string): void {
  const [, , a = '', b = ''] = url.split('/');
  sendJson(response, { a: decodeURIComponent(a), b: decodeURIComponent(b) });
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => send(response, BYTES_TYPE, Buffer.concat(pieces)));
}

function sendBurnt(response: ServerResponse, url: string): void {
  const ms = millisecondsOf(url.split('?')[1]);
  burn(ms);
  sendJson(response, { ms });
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  process.stdout.write(`listening on http://127.0.0.1:${address.port}\n`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
