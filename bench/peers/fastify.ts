/**
 * Fastify with the routes of the test application that the benchmarks use, doing the same work behind each.
 * Started by bench/server-process.ts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import fastify, { type FastifyRequest } from 'fastify';

function milliseconds(request: FastifyRequest): number {
  return Number(new URLSearchParams(request.originalUrl.split('?')[1]).get('ms'));
}

const server = fastify({ logger: false });

server.get('/health', (_request, reply) => {
  reply.send({ status: 'ok' });
});

server.get('/cpu', (request, reply) => {
  const ms = milliseconds(request);
  const end = performance.now() + ms;
  while (performance.now() < end);
  reply.send({ ms });
});

server.get('/wait', async (request) => {
  const ms = milliseconds(request);
  await delay(ms);
  return { ms, headers: request.headers };
});

const address = await server.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`listening on ${address}\n`);
process.once('SIGTERM', () => {
  // Keep-alive connections without a request would hold the process for a minute.
  server.server.closeAllConnections();
  void server.close();
});
