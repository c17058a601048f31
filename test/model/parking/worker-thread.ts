/** The steps of a worker in the parking model: its loop, its handlers in flight, and going to sleep. */
import { at, type Step } from '../checker.ts';
import {
  MAX_IN_FLIGHT,
  NONE,
  type ParkingBug,
  type ParkingState,
  stepper,
  type WorkerThread,
} from './state.ts';

export function* workerSteps(
  state: ParkingState,
  slot: number,
  bug: ParkingBug,
): Generator<Step<ParkingState>> {
  const worker = at(state.workers, slot);
  const anyStep = stepper(state);
  const step = (what: string, change: (self: WorkerThread, next: ParkingState) => void) =>
    anyStep(`worker ${slot} ${what}`, (next) => change(at(next.workers, slot), next));
  const looksFirst = bug === 'worker looks before it sets its flag';
  const finds = worker.inFlight.length < MAX_IN_FLIGHT && state.queue.length > 0;

  switch (worker.at) {
    case 'idle':
      if (worker.bell) {
        yield step('is woken by its bell', (self, next) => {
          self.bell = false;
          self.at = 'pop';
          next.parked[slot] = false;
        });
      }
      if (worker.inFlight.length > 0) {
        yield step('has one handler less in flight', (self) => {
          self.connection = self.inFlight.shift() ?? NONE;
          self.at = 'settled';
        });
      }
      break;
    case 'settled':
      // Main may have left work because this worker was full. In this order at least one of the two sees the
      // other.
      yield step(
        state.queue.length > 0 ? 'sees work, and publishes' : 'sees no work, and publishes',
        (self, next) => {
          at(next.rings, slot).push(worker.connection);
          self.connection = NONE;
          ringThen(self, state.queue.length > 0 ? 'unpark' : 'idle');
        },
      );
      break;
    case 'unpark':
      yield step('clears its bit', (self, next) => {
        next.parked[slot] = false;
        self.at = 'pop';
      });
      break;
    case 'pop':
      // Before a handler that is not known to be quick, and now and then, the ring is not put off.
      if (worker.owesRing) yield step('does not put the ring off', (self) => ringThen(self, 'pop'));
      yield step(finds ? `pops connection ${state.queue[0]}` : 'finds nothing to do', (self, next) => {
        self.at = looksFirst ? 'look' : 'park';
        if (!finds) return;
        self.connection = next.queue.shift() ?? NONE;
        next.buffered[self.connection] = at(next.buffered, self.connection) - 1;
        self.at = 'publish';
      });
      break;
    case 'publish':
      yield step(`answers connection ${worker.connection} and publishes`, (self, next) => {
        at(next.rings, slot).push(worker.connection);
        self.connection = NONE;
        self.owesRing = true;
        self.at = 'pop';
      });
      if (state.asynchronous === 0) break;
      yield step(`keeps connection ${worker.connection} in flight`, (self, next) => {
        next.asynchronous--;
        self.inFlight.push(worker.connection);
        self.connection = NONE;
        self.at = 'pop';
      });
      break;
    case 'ring':
      yield step(state.bellWord ? 'rings main' : 'finds main awake', (self, next) => {
        if (state.bellWord) next.main.rung = true;
        next.bellWord = false;
        self.owesRing = false;
        self.at = worker.onward;
        self.onward = 'pop';
      });
      break;
    case 'park':
      yield step('sets its bit', (self, next) => {
        next.parked[slot] = true;
        if (looksFirst) endBatch(self);
        else self.at = 'look';
      });
      break;
    case 'look':
      yield step(`looks again and finds ${state.queue.length} in the queue`, (self, next) => {
        if (finds) {
          next.parked[slot] = false;
          self.at = 'pop';
        } else if (looksFirst) self.at = 'park';
        // Full, and there is work: main must know, so that it wakes another.
        else if (state.queue.length > 0) ringThen(self, 'idle');
        else endBatch(self);
      });
      break;
  }
  if (state.deaths > 0 && worker.at !== 'dead' && worker.at !== 'starting') {
    yield step('dies', (self, next) => {
      self.at = 'dead';
      next.deaths--;
    });
  }
}

/** Main hears now of what was published in the batch, if not before. */
function endBatch(self: WorkerThread): void {
  if (self.owesRing) ringThen(self, 'idle');
  else self.at = 'idle';
}

function ringThen(self: WorkerThread, onward: 'pop' | 'idle' | 'unpark'): void {
  self.at = 'ring';
  self.onward = onward;
}
