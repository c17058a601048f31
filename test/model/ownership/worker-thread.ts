/** The steps of a worker in the ownership model: pop, take, serve, publish. Death at each of them. */
import { at, type Step } from '../checker.ts';
import {
  holds,
  NONE,
  type OutRecord,
  type OwnershipBug,
  type OwnershipState,
  QUEUE_PLACES,
  stepper,
  type WorkerThread,
} from './state.ts';

export function* workerSteps(
  state: OwnershipState,
  index: number,
  bug: OwnershipBug,
): Generator<Step<OwnershipState>> {
  const worker = at(state.workers, index);
  const anyStep = stepper(state);
  const step = (what: string, change: (self: WorkerThread, next: OwnershipState) => void) =>
    anyStep(`worker ${index} ${what}`, (next) => change(at(next.workers, index), next));
  const claimsLate = bug === 'the claim is written after the head has moved';

  switch (worker.at) {
    case 'look':
      if (state.head !== state.tail) {
        const number = at(state.entries, state.head % QUEUE_PLACES);
        yield step(`sees number ${number} at position ${state.head}`, (self) => {
          self.head = state.head;
          self.number = number;
          self.at = claimsLate ? 'move' : 'claim';
        });
      } else if (worker.claim !== NONE) {
        yield step('finds the queue empty and claims nothing', (self) => {
          self.claim = NONE;
        });
      }
      break;
    case 'claim':
      yield step(`claims position ${worker.head}`, (self) => {
        self.claim = worker.head;
        self.at = 'move';
      });
      break;
    case 'move':
      yield step(
        state.head === worker.head ? `moves the head to ${worker.head + 1}` : 'comes too late',
        (self, next) => {
          if (state.head === worker.head) {
            next.head++;
            self.at = claimsLate ? 'lateClaim' : 'take';
          } else lookForMore(self);
        },
      );
      break;
    case 'lateClaim':
      yield step(`claims position ${worker.head}`, (self) => {
        self.claim = worker.head;
        self.at = 'take';
      });
      break;
    case 'take': {
      const slot = at(state.slots, worker.number);
      const isReady = slot.state === 'ready';
      yield step(isReady ? `takes number ${worker.number}` : 'finds nothing to take', (self, next) => {
        self.at = 'unclaim';
        if (!isReady) {
          self.number = NONE;
          return;
        }
        const taken = at(next.slots, worker.number);
        taken.state = 'running';
        taken.owner = index;
        Object.assign(self, { client: slot.client, closed: slot.closed, consumed: slot.consumed });
      });
      break;
    }
    case 'unclaim':
      yield step('clears its claim', (self) => {
        self.claim = NONE;
        if (self.number === NONE) lookForMore(self);
        else self.at = 'serve';
      });
      break;
    case 'serve': {
      const finished = worker.closed || at(state.slots, worker.number).length === worker.consumed;
      yield step(
        finished ? 'publishes the end of its turn' : `runs request ${worker.consumed + 1}`,
        (self, next) => {
          if (finished) endOfTurn(self, next, index, 0, bug);
          else begin(self, next);
        },
      );
      break;
    }
    case 'answer':
      if (bug === 'a request is done before its answer is published') {
        yield step(`is done with request ${worker.begun}`, (self) => {
          self.begun = 0;
          self.at = 'publish';
        });
      } else yield publishStep(state, step, worker, index, bug);
      break;
    case 'publish':
      yield publishStep(state, step, worker, index, bug);
      break;
    case 'giveBack':
      yield step(`sets number ${worker.number} IDLE`, (self, next) => {
        const slot = at(next.slots, worker.number);
        if (slot.state === 'running' && slot.owner === index) {
          Object.assign(slot, { state: 'idle', owner: NONE, consumed: worker.consumed });
        }
        lookForMore(self);
      });
      break;
  }
  if (state.deaths > 0 && worker.at !== 'dead') {
    yield step(`dies at '${worker.at}'`, (self, next) => {
      next.deaths--;
      Object.assign(self, { at: 'dead', number: holds(worker) ? worker.number : NONE });
    });
  }
}

/** A request has its effect here: it must not be run again. */
function begin(self: WorkerThread, next: OwnershipState): void {
  const request = self.consumed + 1;
  const client = at(next.clients, self.client);
  if (client.refused) next.wrong = `request ${request} of client ${self.client} is run after it was refused`;
  if (request <= client.run) next.wrong = `request ${request} of client ${self.client} is run twice`;
  client.run = request;
  self.begun = request;
  self.at = 'answer';
}

type WorkerStepper = (
  what: string,
  change: (self: WorkerThread, next: OwnershipState) => void,
) => Step<OwnershipState>;

function publishStep(
  state: OwnershipState,
  step: WorkerStepper,
  worker: WorkerThread,
  index: number,
  bug: OwnershipBug,
): Step<OwnershipState> {
  const request = worker.consumed + 1;
  const goesOn = at(state.slots, worker.number).length > request;
  return step(`answers request ${request}${goesOn ? '' : ', the last of its turn'}`, (self, next) => {
    self.consumed = request;
    if (!goesOn) {
      endOfTurn(self, next, index, request, bug);
      return;
    }
    at(next.rings, index).push(recordOf(self, request, false));
    self.at = 'serve';
  });
}

function endOfTurn(
  self: WorkerThread,
  next: OwnershipState,
  index: number,
  answers: number,
  bug: OwnershipBug,
): void {
  at(next.rings, index).push(recordOf(self, answers, true));
  if (bug === 'the worker gives the connection back itself') self.at = 'giveBack';
  else lookForMore(self);
}

function recordOf({ number, client, consumed }: WorkerThread, answers: number, last: boolean): OutRecord {
  return { number, client, answers, consumed, last };
}

/** Local words start anew, so that states that differ only in dead values count as one. */
function lookForMore(self: WorkerThread): void {
  Object.assign(self, {
    at: 'look',
    head: 0,
    number: NONE,
    client: NONE,
    closed: false,
    consumed: 0,
    begun: 0,
  });
}
