/** The steps of the main thread in the parking model: its event loop, a round, and going to sleep. */
import { at, type Step } from '../checker.ts';
import {
  MAX_IN_FLIGHT,
  type MainAt,
  type MainThread,
  NONE,
  type ParkingBug,
  type ParkingState,
  type Stepper,
  stepper,
  WORKERS,
} from './state.ts';

export function* mainSteps(state: ParkingState, bug: ParkingBug): Generator<Step<ParkingState>> {
  const { main } = state;
  const step = stepper(state);
  if (main.at === 'asleep' || main.at === 'scheduled') yield* eventSteps(state);
  switch (main.at) {
    case 'asleep':
      break;
    case 'scheduled':
    case 'drain':
      yield drainStep(state, step);
      break;
    case 'decide':
      yield* decideSteps(state, step, bug);
      break;
    case 'wake':
      yield step(`main clears the bit of worker ${main.candidate} and rings it`, (next) => {
        if (at(state.parked, main.candidate)) at(next.workers, main.candidate).bell = true;
        next.parked[main.candidate] = false;
        next.main.busy = true;
        endRound(next.main, bug);
      });
      break;
    default:
      yield parkStep(state, step, bug);
  }
}

/** The events in main's event loop: bytes from a client, a ring, the end of a worker. */
function* eventSteps(state: ParkingState): Generator<Step<ParkingState>> {
  const step = stepper(state);
  for (const [connection, unsent] of state.unsent.entries()) {
    if (unsent === 0) continue;
    yield step(`client ${connection} sends a request`, (next) => {
      next.unsent[connection] = unsent - 1;
      next.buffered[connection] = at(state.buffered, connection) + 1;
      if (at(state.handedOut, connection)) return;
      handOut(next, connection);
      wakeMain(next);
    });
  }
  if (state.main.rung) {
    yield step('main is woken by a ring', (next) => {
      next.main.rung = false;
      wakeMain(next);
    });
  }
  for (const slot of WORKERS) {
    const { at: place } = at(state.workers, slot);
    if (place === 'dead') yield step(`main sees the exit of worker ${slot}`, (next) => bury(next, slot));
    if (place === 'starting') {
      yield step(`main lets a new worker ${slot} serve`, (next) => {
        at(next.workers, slot).at = 'pop';
        wakeMain(next);
      });
    }
  }
}

function drainStep(state: ParkingState, step: Stepper): Step<ParkingState> {
  const { main } = state;
  const records = at(state.rings, main.next);
  return step(`main drains ring ${main.next}: ${records.length} record(s)`, (next) => {
    next.rings[main.next] = [];
    for (const connection of records) giveBack(next, connection);
    next.main.busy = main.busy || records.length > 0;
    next.main.at = advance(next.main) ? 'drain' : 'decide';
  });
}

/** Queue and bits are read in one step here, because main looks again before it sleeps. */
function* decideSteps(state: ParkingState, step: Stepper, bug: ParkingBug): Generator<Step<ParkingState>> {
  const candidate = state.queue.length === 0 ? undefined : WORKERS.find((slot) => canTake(state, slot));
  if (candidate === undefined) {
    yield step('main finds no work for anybody parked', (next) => endRound(next.main, bug));
    return;
  }
  yield step(`main decides to wake worker ${candidate}`, (next) => {
    next.main.at = 'wake';
    next.main.candidate = candidate;
  });
  if (state.parked.every((isParked) => isParked)) return; // Nobody is awake: no choice.
  yield step('main decides to wake nobody yet', (next) => endRound(next.main, bug));
}

function parkStep(state: ParkingState, step: Stepper, bug: ParkingBug): Step<ParkingState> {
  const { main } = state;
  const looksFirst = bug === 'main looks before it sets its flag';
  const nothingFound = (next: ParkingState) => go(next.main, looksFirst ? 'park' : 'asleep');
  switch (main.at) {
    case 'park':
      return step('main sets its bell word', (next) => {
        next.bellWord = true;
        go(next.main, looksFirst ? 'asleep' : 'lookAtRing');
      });
    case 'lookAtRing':
      return step(`main looks again at ring ${main.next}`, (next) => {
        if (at(state.rings, main.next).length > 0) wakeMain(next);
        else if (!advance(next.main)) go(next.main, 'lookAtQueue');
      });
    case 'lookAtQueue':
      return step('main looks again at the queue', (next) => {
        if (state.queue.length > 0) go(next.main, 'lookAtWorker');
        else nothingFound(next);
      });
    default:
      // A worker that is awake looks at the queue once more before it parks, so main may sleep while there is
      // one.
      return step(`main looks again at the bit of worker ${main.next}`, (next) => {
        next.main.candidate = canTake(state, main.next) ? main.next : main.candidate;
        if (!at(state.parked, main.next)) nothingFound(next);
        else if (!advance(next.main)) {
          if (next.main.candidate === NONE) nothingFound(next);
          else wakeMain(next);
        }
      });
  }
}

/** The end of a round: another one if anything was found, else parking. */
function endRound(main: MainThread, bug: ParkingBug): void {
  if (main.busy) go(main, 'scheduled');
  else go(main, bug === 'main looks before it sets its flag' ? 'lookAtRing' : 'park');
}

function go(main: MainThread, place: MainAt): void {
  main.at = place;
  main.next = 0;
  main.candidate = NONE;
  main.busy = false;
}

/** @returns false after the last worker */
function advance(main: MainThread): boolean {
  main.next = (main.next + 1) % WORKERS.length;
  return main.next !== 0;
}

function wakeMain(next: ParkingState): void {
  next.bellWord = false;
  go(next.main, 'scheduled');
}

function canTake(state: ParkingState, slot: number): boolean {
  return at(state.parked, slot) && at(state.workers, slot).inFlight.length < MAX_IN_FLIGHT;
}

function handOut(next: ParkingState, connection: number): void {
  next.handedOut[connection] = true;
  next.queue.push(connection);
}

/** A turn has ended: what came meanwhile is queued again. */
function giveBack(next: ParkingState, connection: number): void {
  next.handedOut[connection] = false;
  if (at(next.buffered, connection) > 0) handOut(next, connection);
}

/** After an 'exit': the ring is drained, errors are made up, bits are cleared. */
function bury(next: ParkingState, slot: number): void {
  const dead = at(next.workers, slot);
  const held = dead.connection === NONE ? dead.inFlight : [...dead.inFlight, dead.connection];
  for (const connection of [...at(next.rings, slot), ...held]) giveBack(next, connection);
  next.rings[slot] = [];
  next.parked[slot] = false;
  next.workers[slot] = {
    at: 'starting',
    connection: NONE,
    onward: 'pop',
    owesRing: false,
    inFlight: [],
    bell: false,
  };
  wakeMain(next);
}
