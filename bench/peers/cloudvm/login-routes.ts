/** Logging in. */
import type { FastifyPluginCallback } from 'fastify';
import type { Logins } from './logins.ts';
import { LOGIN } from './schemas.ts';
import { sessionJson } from './serializers.ts';

interface Credentials {
  readonly email: string;
  readonly password: string;
}

export const loginRoutes: FastifyPluginCallback<{ readonly logins: Logins }> = (api, { logins }, done) => {
  api.post<{ Body: Credentials }>('/api/auth/login', { schema: { body: LOGIN } }, async (request, reply) => {
    const { _id, email, username } = await logins.logIn({ ...request.body, remoteAddress: request.ip });
    const id = _id.toHexString();
    const token = api.jwt.sign({ sub: id });
    return reply
      .header('cache-control', 'no-store')
      .header('content-type', 'application/json')
      .serializer(String)
      .send(sessionJson({ token, user: { id, email, username } }));
  });
  done();
};
