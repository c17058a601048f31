/**
 * Accepts all clients that have connected, before the listening socket of a server that stops closes. Main
 * thread, called by shutdown.ts, which holds all answers back meanwhile.
 *
 * The close resets clients that wait to be accepted. Node.js accepts one in each round of the event loop, so
 * after some rounds without any, nobody waits. But a client that is just being sent an answer which says
 * `Connection: close` connects anew a moment later. So no answer leaves, and after a while everybody who asks
 * one thing after the other waits for an answer. Then nobody connects, and the socket can close. A client
 * that connects without waiting for anything may still do so in the very moment of the close, which no
 * program can avoid.
 */

import { setImmediate as nextRound } from 'node:timers/promises';

/** A client that was sent an answer before they were held back has connected anew within this time. */
const QUIET_MS = 5;
/** Main has done something else in a round that takes longer. Then it does not know who waits. */
const SHORT_ROUND_MS = 0.2;

/**
 * @param connections with the number of clients that were accepted
 * @param mostMs at most. Clients that go on connecting must not delay the stop for longer
 */
export async function acceptAll(connections: { readonly accepted: number }, mostMs: number): Promise<void> {
  const begin = performance.now();
  let { accepted } = connections;
  let lastAccepted = begin;
  for (let last = begin; last - begin < mostMs; ) {
    await nextRound();
    const now = performance.now();
    if (connections.accepted !== accepted) lastAccepted = now;
    accepted = connections.accepted;
    if (now - lastAccepted >= QUIET_MS && now - last < SHORT_ROUND_MS) return;
    last = now;
  }
}
