/** Logging in. */
import type { FastifyPluginCallback } from 'fastify';
import type { Logins } from './logins.ts';
import { LOGIN } from './schemas.ts';
import { sessionJson } from './serializers.ts';

interface Credentials {
  readonly email: string;
  readonly password: string;
}

interface LoginRoutesOptions {
  readonly logins: Logins;
  readonly jwtTtlSeconds: number;
}

export const loginRoutes: FastifyPluginCallback<LoginRoutesOptions> = (
  api,
  { logins, jwtTtlSeconds },
  done,
) => {
  api.post<{ Body: Credentials }>('/api/auth/login', { schema: { body: LOGIN } }, async (request, reply) => {
    const { _id, email, username } = await logins.logIn({ ...request.body, remoteAddress: request.ip });
    const id = _id.toHexString();
    const iat = Math.floor(Date.now() / 1000);
    const token = api.jwt.sign({ sub: id, iat });
    const expiresAt = new Date((iat + jwtTtlSeconds) * 1000).toISOString();
    return reply
      .header('cache-control', 'no-store')
      .header('content-type', 'application/json')
      .serializer(String)
      .send(sessionJson({ token, expiresAt, user: { id, email, username } }));
  });
  done();
};
