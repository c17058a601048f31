/** The parking model's states as keys, and as lines of a counter-example. */
import { at, keyOf } from '../checker.ts';
import type { MainAt, ParkingState, WorkerAt } from './state.ts';

const MAIN_PLACES: readonly MainAt[] = [
  'asleep',
  'scheduled',
  'drain',
  'decide',
  'wake',
  'park',
  'lookAtRing',
  'lookAtQueue',
  'lookAtWorker',
];
const WORKER_PLACES: readonly WorkerAt[] = [
  'idle',
  'pop',
  'publish',
  'ring',
  'park',
  'look',
  'settled',
  'unpark',
  'dead',
  'starting',
];

export function key(state: ParkingState): string {
  const { main } = state;
  const numbers = [MAIN_PLACES.indexOf(main.at), main.next, main.candidate, state.asynchronous, state.deaths];
  numbers.push(+main.busy, +main.rung, +state.bellWord, state.queue.length, ...state.queue);
  for (const [slot, worker] of state.workers.entries()) {
    const ring = at(state.rings, slot);
    numbers.push(
      WORKER_PLACES.indexOf(worker.at),
      worker.connection,
      +worker.bell,
      +worker.owesRing,
      WORKER_PLACES.indexOf(worker.onward),
    );
    numbers.push(+at(state.parked, slot), worker.inFlight.length, ...worker.inFlight, ring.length, ...ring);
  }
  for (const [connection, unsent] of state.unsent.entries()) {
    numbers.push(unsent, at(state.buffered, connection), +at(state.handedOut, connection));
  }
  return keyOf(numbers);
}

export function show({ main, workers, bellWord, parked, queue, rings }: ParkingState): string {
  const threads = workers.map((worker, slot) => {
    const bits = `${at(parked, slot) ? ' parked' : ''}${worker.bell ? ' rung' : ''}`;
    return `w${slot}: ${worker.at}${bits} ring [${at(rings, slot)}]`;
  });
  const bell = `${bellWord ? ' parked' : ''}${main.rung ? ' rung' : ''}`;
  return `main: ${main.at}${bell} queue [${queue}] | ${threads.join(' | ')}`;
}
