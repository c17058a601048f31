/**
 * `npm run bench -- login`: POST /api/auth/login of ten users with their right passwords. Nearly all of the
 * work is the hash of the password, which all servers compute with the same parameters. With more connections
 * than processors, logins only wait for each other.
 */
import type { LoadRequest } from '../load.ts';
import type { Answer } from './answers.ts';
import { runScenario } from './run-scenario.ts';
import { firstUser, type Scenario } from './scenario.ts';

export const LOGIN: Scenario = {
  title: 'POST /api/auth/login',
  defaults: { arms: ['wasm', 'fastify', 'fastify-cluster'], connections: [1, 4], mostConnections: 4 },
  remarks: [],
  requests: (users) => users.map(({ email, password }) => post({ email, password })),
  alsoCompared: (users) => {
    const { email, password } = firstUser(users);
    return [
      post({ email: email.toUpperCase(), password }),
      post({ email, password: `${password}!` }),
      post({ email: 'nobody@example.com', password }),
      post({ email }),
      post({ email, password, remember: true }),
      post({ email, password: 'x'.repeat(129) }),
    ];
  },
  normalize: withoutTimesOfToken,
};

export const run = (parameters: readonly string[]): Promise<void> => runScenario(LOGIN, parameters);

function post(body: unknown): LoadRequest {
  return {
    method: 'POST',
    path: '/api/auth/login',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
}

/** The header of a token, its claims and its lifetime are compared, but not when it was issued and ends. */
function withoutTimesOfToken(answer: Answer): Answer {
  const body = answer.body.replace(
    /"token":"([^".]+)\.([^".]+)\.[^"]+"/,
    (_, head: string, claims: string) => {
      const { iat, exp, ...others } = JSON.parse(Buffer.from(claims, 'base64url').toString());
      return `"token":${JSON.stringify({ head, ...others, lifetime: exp - iat })}`;
    },
  );
  return { ...answer, body: body.replace(/"expiresAt":"[^"]+"/, '"expiresAt":"TIME"') };
}
