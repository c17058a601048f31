/**
 * The properties of the parking model: those of every state, and those of states in which nobody can move.
 */
import { MAX_IN_FLIGHT, type ParkingState } from './state.ts';

/** Work exists, everyone sleeps, and nobody has rung. */
export function lostWakeUp(state: ParkingState): string | undefined {
  const { main, workers, queue, rings } = state;
  const awaited = workers.some(({ at: place }) => place !== 'idle');
  const rung = main.rung || workers.some(({ bell }) => bell);
  if (main.at !== 'asleep' || awaited || rung) return undefined;
  if (rings.some((ring) => ring.length > 0)) return 'a record lies in a ring and everybody sleeps';
  const canPop = workers.some(({ inFlight }) => inFlight.length < MAX_IN_FLIGHT);
  if (queue.length > 0 && canPop) return 'a connection stands in the queue and everybody sleeps';
  return undefined;
}

export function unfinished(state: ParkingState): string | undefined {
  if (state.handedOut.some((is) => is)) return 'a connection is not given back';
  if (state.buffered.some((count) => count > 0)) return 'a request is not served';
  if (state.queue.length > 0) return 'the queue is not empty';
  if (state.workers.some(({ at: place }) => place !== 'idle')) return 'a worker is missing';
  return undefined;
}
