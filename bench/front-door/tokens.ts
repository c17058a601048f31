/** What a token is worth after the password has changed, and in how many ways it can be written. */
import { PASSWORD } from '../../test/cloudvm/front-door/support/cloudvm.ts';
import type { CloudVmProcess } from '../../test/cloudvm/front-door/support/cloudvm-process.ts';
import { type Attempt, connectFrom } from './attempt.ts';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VM = { name: 'vm', provider: 'local', region: 'here' };

async function register(server: CloudVmProcess): Promise<string> {
  using client = connectFrom(server, '127.0.1.1');
  return JSON.parse((await client.register('ada')).body).token;
}

/** All tokens that differ from this one in the last character of the signature. */
function spellingsOf(token: string): string[] {
  return [...BASE64URL].map((last) => token.slice(0, -1) + last);
}

export const TOKENS: readonly Attempt[] = [
  {
    item: 'tokens',
    what: 'POST /api/vms with a token from before a change of the password',
    before: '201',
    measure: async (server) => {
      const token = await register(server);
      const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD} anew` };
      await server.ask('POST', '/api/auth/password', { token, body });
      return `${(await server.ask('POST', '/api/vms', { token, body: VM })).status}`;
    },
  },
  {
    item: 'tokens',
    what: 'spellings of one signature that are accepted',
    before: '4',
    measure: async (server) => {
      let accepted = 0;
      for (const token of spellingsOf(await register(server))) {
        if ((await server.ask('GET', '/api/auth/me', { token })).status === 200) accepted++;
      }
      return `${accepted}`;
    },
  },
  {
    item: 'tags',
    what: 'six writers set a tag of their own at once',
    before: '2 of 6 are left',
    measure: async (server) => {
      const token = await register(server);
      const { json: vm } = await server.ask('POST', '/api/vms', { token, body: VM });
      const path = `/api/vms/${vm['id']}`;
      await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          server.ask('PUT', `${path}/tags/key-${index}`, { token, body: { value: 'value' } }),
        ),
      );
      const { json } = await server.ask('GET', path, { token });
      return `${(json['tags'] as readonly unknown[]).length} of 6 are left`;
    },
  },
];
