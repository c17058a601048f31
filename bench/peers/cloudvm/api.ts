/**
 * The routes of the CloudVM application that the benchmarks use, on Fastify and with what its users use:
 * @fastify/jwt, schemas for what comes in and for what goes out, the MongoDB driver. Each does the work that
 * this server does and answers with the same bytes.
 */
import fastifyJwt from '@fastify/jwt';
import { Ajv } from 'ajv';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Collection } from 'mongodb';
import type { KeyDocument } from '../../../src/cloudvm/idempotency/key-document.ts';
import type { VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import { loginRoutes } from './login-routes.ts';
import type { Logins } from './logins.ts';
import { invalidToken, missingToken, ofValidation, Problem, sendProblem } from './problems.ts';
import type { Provisioner } from './provisioner.ts';
import type { VmCounter } from './vm-counter.ts';
import type { VmInserter } from './vm-inserter.ts';
import type { VmReader } from './vm-reader.ts';
import { vmRoutes } from './vm-routes.ts';

export interface ApiOptions {
  readonly vms: Collection<VmDocument>;
  readonly keys: Collection<KeyDocument>;
  readonly reader: VmReader;
  readonly counter: VmCounter;
  readonly inserter: VmInserter;
  readonly provisioner: Provisioner;
  readonly logins: Logins;
  readonly jwtSecret: string;
  readonly jwtTtlSeconds: number;
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: { readonly sub: string; readonly iat?: number };
    user: { readonly sub: string };
  }
}

const ALGORITHM = 'HS256';
/** This server remembers as many in each worker. */
const REMEMBERED_TOKENS = 1_000;

export function buildApi(options: ApiOptions): FastifyInstance {
  const api = fastify({ logger: false });
  api.register(fastifyJwt, {
    secret: options.jwtSecret,
    sign: { algorithm: ALGORITHM, expiresIn: options.jwtTtlSeconds },
    verify: {
      algorithms: [ALGORITHM],
      requiredClaims: ['sub', 'iat', 'exp'],
      cache: REMEMBERED_TOKENS,
      cacheKeyBuilder: (token: string) => token,
    },
  });
  // Bodies are JSON.
  api.removeContentTypeParser('text/plain');
  validateLikeThisServer(api);
  answerErrors(api);
  api.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
  });
  api.register(vmRoutes, { ...options, requireUser });
  api.register(loginRoutes, options);
  return api;
}

/** A hook of the routes that need a token. */
async function requireUser(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('cache-control', 'private, no-cache');
  if (request.headers.authorization === undefined) throw missingToken();
  try {
    await request.jwtVerify();
  } catch (error) {
    const expired =
      error instanceof Error && 'code' in error && error.code === 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED';
    throw invalidToken(expired ? 'The token has expired.' : 'The token is invalid.');
  }
}

/** Fastify would remove unknown fields and convert types. Here it converts only the text of a query. */
function validateLikeThisServer(api: FastifyInstance): void {
  const ofBodies = new Ajv({ allErrors: true });
  const ofQueries = new Ajv({ allErrors: true, coerceTypes: 'array' });
  api.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'querystring' ? ofQueries : ofBodies).compile(schema),
  );
}

function answerErrors(api: FastifyInstance): void {
  api.setErrorHandler((error, request, reply) => sendProblem(request, reply, problemOf(error)));
  api.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new Problem(404, 'There is no such resource.')),
  );
}

/** What is wrong with a body, by Fastify's error codes. */
const BODY_PROBLEMS: ReadonlyMap<unknown, readonly [status: number, detail: string]> = new Map([
  ['FST_ERR_CTP_INVALID_JSON_BODY', [400, 'The body is not valid JSON.']],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', [400, 'The body is empty, but JSON is expected.']],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    [415, 'The body must be JSON: Content-Type must be application/json in UTF-8.'],
  ],
]);

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const ofBody = error instanceof Error && 'code' in error ? BODY_PROBLEMS.get(error.code) : undefined;
  if (ofBody !== undefined) return new Problem(...ofBody);
  if (error instanceof Error && 'validation' in error && Array.isArray(error.validation)) {
    return ofValidation(error.validation);
  }
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  return new Problem(500, 'The server failed to answer this request.');
}
