/** Who can keep others from logging in. */
import { MAX_FAILURES_PER_PAIR } from '../../src/cloudvm/accounts/logins/login-throttle.ts';
import { PASSWORD } from '../../test/cloudvm/front-door/support/cloudvm.ts';
import { type Attempt, connectFrom, countStatuses, Meanwhile, median, timed } from './attempt.ts';

const OWNER = '127.0.1.1';
const ATTACKER = '127.0.0.66';
const WRONG = 'wrong password';
const USERS = 32;
const LOGINS_OF_OWNER = 12;

/** Registrations of one address need a proxy in front, or its limit would end them at once. */
function registeringElsewhere(connections: number, before: string): Attempt {
  return {
    item: 'line',
    what: `${LOGINS_OF_OWNER} logins, one by one, beside ${connections} connections of one address that register`,
    before,
    measure: async (server) => {
      using owner = connectFrom(server, OWNER);
      using other = connectFrom(server, ATTACKER);
      await owner.register('ada');
      await using _registrations = new Meanwhile(connections, (client, round) =>
        other.register(`user-${client}-${round}`),
      );
      const logins = [];
      for (let login = 0; login < LOGINS_OF_OWNER; login++) {
        logins.push(await timed(() => owner.login('ada', PASSWORD)));
      }
      const ms = median(logins.map((login) => login.ms)).toFixed(0);
      return `${countStatuses(logins.map(({ value }) => value.status))}, p50 ${ms} ms`;
    },
  };
}

export const LOGINS: readonly Attempt[] = [
  {
    item: 'proxy',
    what: `${USERS} users behind a proxy log in at once, while another client fails without end`,
    before: '15 × 503',
    measure: async (server) => {
      // The proxy is this process, which the server trusts.
      using proxy = connectFrom(server, '127.0.0.1');
      const from = (user: number) => ({ 'X-Forwarded-For': `10.1.${user}.1` });
      const users = Array.from({ length: USERS }, (_, user) => user);
      await Promise.all(users.map((user) => proxy.register(`user-${user}`, from(user))));
      await using _failures = new Meanwhile(8, (client, round) =>
        proxy.login(`user-${(client + round * 8) % USERS}`, WRONG, { 'X-Forwarded-For': '10.2.0.1' }),
      );
      const logins = await Promise.all(
        users.map((user) => proxy.login(`user-${user}`, PASSWORD, from(user))),
      );
      return countStatuses(logins.map(({ status }) => status));
    },
  },
  {
    item: 'lock-out',
    what: 'ten wrong logins of anybody, then the right one of the owner',
    before: '429 for 15 minutes',
    measure: async (server) => {
      using owner = connectFrom(server, OWNER);
      using attacker = connectFrom(server, ATTACKER);
      await owner.register('ada');
      for (let failure = 0; failure < MAX_FAILURES_PER_PAIR; failure++) await attacker.login('ada', WRONG);
      return `the owner: ${(await owner.login('ada', PASSWORD)).status}, the other: ${(await attacker.login('ada', PASSWORD)).status}`;
    },
  },
  {
    item: 'lock-out',
    what: `${LOGINS_OF_OWNER} logins, one by one, beside 100 connections of other addresses that fail`,
    before: '0 of 12 are let in',
    measure: async (server) => {
      using owner = connectFrom(server, OWNER);
      await owner.register('ada');
      await using resources = new AsyncDisposableStack();
      const others = Array.from({ length: 100 }, (_, index) =>
        resources.use(connectFrom(server, `127.0.2.${index + 1}`)),
      );
      await using _failures = new Meanwhile(others.length, async (client, round) => {
        const other = others[client];
        if (other === undefined) throw new Error('There are not so many clients');
        return await other.login(`nobody-${client}-${round}`, WRONG);
      });
      const logins = [];
      for (let login = 0; login < LOGINS_OF_OWNER; login++) {
        logins.push(await timed(() => owner.login('ada', PASSWORD)));
      }
      const ms = median(logins.map((login) => login.ms)).toFixed(0);
      return `${countStatuses(logins.map(({ value }) => value.status))}, p50 ${ms} ms`;
    },
  },
  registeringElsewhere(0, '75 ms'),
  registeringElsewhere(20, '946 ms'),
  registeringElsewhere(60, '1.5 s, and 503'),
  {
    item: 'count',
    what: '20 right logins of one user at once',
    before: '8 × 200, 3 × 429 (Retry-After 900), 9 × 503',
    measure: async (server) => {
      using owner = connectFrom(server, OWNER);
      await owner.register('ada');
      const logins = await Promise.all(Array.from({ length: 20 }, () => owner.login('ada', PASSWORD)));
      return countStatuses(logins.map(({ status }) => status));
    },
  },
  {
    item: 'bodies',
    what: 'a body of 1 MB to /api/auth/login',
    before: '61 to 124 ms',
    measure: async (server) => {
      using client = connectFrom(server, OWNER);
      const times: number[] = [];
      let last = 0;
      for (let round = 0; round < 10; round++) {
        const { value, ms } = await timed(() => client.login('ada', 'x'.repeat(1_000_000)).catch(() => null));
        times.push(ms);
        last = value?.status ?? 0;
      }
      return `${last === 0 ? 'closed' : last} after ${median(times).toFixed(1)} ms`;
    },
  },
];
