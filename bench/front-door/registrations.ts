/** How many accounts one address can make, and how fast it learns which e-mail addresses are taken. */

import { setTimeout as delay } from 'node:timers/promises';
import { type Attempt, connectFrom, countStatuses, Meanwhile, median, timed } from './attempt.ts';

const ADDRESS = '127.0.0.66';
const SECONDS = 8;

export const REGISTRATIONS: readonly Attempt[] = [
  {
    item: 'accounts',
    what: `32 connections of one address register for ${SECONDS} s`,
    before: '150 accounts',
    measure: async (server) => {
      using client = connectFrom(server, ADDRESS);
      const registrations = new Meanwhile(32, (connection, round) =>
        client.register(`user-${connection}-${round}`),
      );
      await delay(SECONDS * 1_000);
      await registrations[Symbol.asyncDispose]();
      const made = registrations.statuses.filter((status) => status === 201).length;
      return `${made} accounts`;
    },
  },
  {
    item: 'probes',
    what: `32 connections of one address ask for ${SECONDS} s whether an e-mail address is taken`,
    before: '554 a second',
    measure: async (server) => {
      using owner = connectFrom(server, '127.0.1.1');
      await owner.register('ada');
      using client = connectFrom(server, ADDRESS);
      const probes = new Meanwhile(32, () => client.register('ada'));
      await delay(SECONDS * 1_000);
      await probes[Symbol.asyncDispose]();
      const told = probes.statuses.filter((status) => status === 409).length;
      return `${told} in ${SECONDS} s`;
    },
  },
  {
    item: 'probes',
    what: 'registering a free e-mail address and a taken one, in turn',
    before: '–',
    measure: async (server) => {
      const free: number[] = [];
      const taken: number[] = [];
      const statuses: number[] = [];
      for (let round = 0; round < 10; round++) {
        using client = connectFrom(server, `127.0.3.${round + 1}`);
        const first = await timed(() => client.register(`user-${round}`));
        const second = await timed(() => client.register(`user-${round}`));
        free.push(first.ms);
        taken.push(second.ms);
        statuses.push(first.value.status, second.value.status);
      }
      return `free ${median(free).toFixed(0)} ms, taken ${median(taken).toFixed(0)} ms (${countStatuses(statuses)})`;
    },
  },
];
