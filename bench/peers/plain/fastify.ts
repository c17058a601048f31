/** The plain application (work.ts) on Fastify, as one process, or with PEER_PROCESSES as a cluster. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { serveInProcesses } from '../serve-in-processes.ts';
import {
  BIG,
  BYTES_TYPE,
  burn,
  FIELD,
  HEALTH_TEXT,
  JSON_TYPE,
  MOST_BODY_BYTES,
  millisecondsOf,
  subjectReader,
} from './work.ts';

/** A primary has no use for Fastify, so it is loaded where it serves. */
await serveInProcesses(Number(process.env['PEER_PROCESSES'] ?? 1), async () => {
  const { fastify } = await import('fastify');
  const server = fastify({ logger: false, bodyLimit: MOST_BODY_BYTES });
  addRoutes(server);
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    address,
    close: async () => {
      // Keep-alive connections without a request would hold the process for a minute.
      server.server.closeAllConnections();
      await server.close();
    },
  };
});

function addRoutes(server: FastifyInstance): void {
  const subjectOf = subjectReader();
  server.addContentTypeParser(BYTES_TYPE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  for (const path of ['/health', '/constant']) {
    server.get(path, (_request, reply) => {
      sendText(reply, HEALTH_TEXT);
    });
  }
  server.get<{ Params: { a: string; b: string } }>('/params/:a/:b', ({ params }, reply) => {
    sendText(reply, JSON.stringify({ a: params.a, b: params.b }));
  });
  server.get('/field', ({ headers }, reply) => {
    sendText(reply, JSON.stringify({ field: headers[FIELD] }));
  });
  server.post('/echo', ({ body }, reply) => {
    reply.header('content-type', BYTES_TYPE).send(body);
  });
  server.get('/big', (_request, reply) => {
    reply.header('content-type', BYTES_TYPE).send(BIG);
  });
  server.get('/me', ({ headers }, reply) => {
    sendText(reply, JSON.stringify({ sub: subjectOf(headers.authorization) }));
  });
  server.get('/cpu', ({ originalUrl }, reply) => {
    const ms = millisecondsOf(originalUrl.split('?')[1]);
    burn(ms);
    sendText(reply, JSON.stringify({ ms }));
  });
}

/** With a serializer of its own, because Fastify would add a charset, which JSON does not have. */
function sendText(reply: FastifyReply, json: string): void {
  reply.header('content-type', JSON_TYPE).serializer(String).send(json);
}
