/**
 * POST /api/auth/login of ten users with their right passwords. Nearly all of the work is the hash of the
 * password, which all servers compute with the same parameters. With more connections than processors, logins
 * only wait for each other.
 */

import type { Answer } from '../laboratory/equality/answers.ts';
import type { LoadRequest } from '../laboratory/load/request.ts';
import { OF_LOGIN } from './chosen-arms.ts';
import { firstUser } from './requests-of-users.ts';
import type { Scenario } from './scenario.ts';

export const LOGIN: Scenario = {
  name: 'login',
  about: 'POST /api/auth/login, nearly all of which is the hash of the password',
  application: 'cloudvm',
  arms: OF_LOGIN,
  connections: 4,
  leastSeconds: 1,
  remarks: ['Few logins fit into a block, so p99 and p99.9 are those of the slowest of them.'],
  requests: ({ users }) => users.map(({ email, password }) => post({ email, password })),
  alsoCompared: ({ users }) => {
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
