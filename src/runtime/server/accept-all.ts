/**
 * Accepts all clients that have connected, before the listening socket of a server that stops closes. Main
 * thread, called by shutdown.ts.
 *
 * The close resets clients that wait to be accepted. Node.js accepts one in each round of the event loop, so
 * after some rounds without any, nobody waits. But a client may connect between the last look for one and the
 * close, above all one that is just being sent an answer that says `Connection: close`. So the socket closes
 * in a round in which main does nothing else, if the machine has one in time. What is left is the
 * moment of such a round, which no program can avoid.
 */

import { setImmediate as nextRound } from 'node:timers/promises';

const QUIET_ROUNDS = 3;
/** Main has done something else in a round that takes longer. */
const SHORT_ROUND_MS = 0.2;
/** Share of the time for which it waits for short rounds. After that, any round without a client will do. */
const SHARE_FOR_SHORT_ROUNDS = 0.25;

/**
 * @param connections with the number of clients that were accepted
 * @param mostMs at most. Clients that go on connecting must not delay the stop for longer
 */
export async function acceptAll(connections: { readonly accepted: number }, mostMs: number): Promise<void> {
  const begin = performance.now();
  let { accepted } = connections;
  for (let quiet = 0, last = begin; quiet < QUIET_ROUNDS && last - begin < mostMs; ) {
    await nextRound();
    const now = performance.now();
    const isShort = now - last < SHORT_ROUND_MS || now - begin > mostMs * SHARE_FOR_SHORT_ROUNDS;
    quiet = isShort && connections.accepted === accepted ? quiet + 1 : 0;
    accepted = connections.accepted;
    last = now;
  }
}
