/** The steps of the main thread in the ownership model: one event of its loop at a time. */
import { at, type Step } from '../checker.ts';
import {
  emptySlot,
  NONE,
  type OutRecord,
  type OwnershipBug,
  type OwnershipState,
  QUEUE_PLACES,
  type Slot,
  type Stepper,
  stepper,
  WORKERS,
} from './state.ts';

export function* mainSteps(state: OwnershipState, bug: OwnershipBug): Generator<Step<OwnershipState>> {
  const step = stepper(state);
  if (state.pushing !== NONE) {
    yield step(`main pushes number ${state.pushing} at position ${state.tail}`, (next) => {
      next.entries[state.tail % QUEUE_PLACES] = state.pushing;
      next.tail++;
      next.pushing = NONE;
    });
    return;
  }
  if (state.looking !== NONE) {
    yield lookAgainStep(state, step, bug);
    return;
  }
  if (state.refusing !== NONE) {
    yield refuseStep(state, step, state.refusing, bug);
    return;
  }
  if (state.sweeping !== NONE || state.popped !== NONE) {
    yield sweepStep(state, step);
    return;
  }
  yield* clientSteps(state, bug);
  yield* overloadSteps(state, bug);
  for (const slot of WORKERS) {
    if (at(state.rings, slot).length > 0) {
      yield step(`main drains a record of worker ${slot}`, (next) => drain(next, slot, bug));
    } else if (at(state.workers, slot).at === 'dead') {
      yield step(`main sees the exit of worker ${slot}`, (next) => recover(next, slot));
    }
  }
  if (bug === 'the worker gives the connection back itself') yield* idleSteps(state);
  if (state.undecided.length > 0) {
    yield step('main looks at the undecided again', (next) => {
      next.looking = 0;
    });
  }
}

function* clientSteps(state: OwnershipState, bug: OwnershipBug): Generator<Step<OwnershipState>> {
  const step = stepper(state);
  const newcomer = state.clients.findIndex(({ number }) => number === NONE);
  const free = state.slots.findIndex((slot) => slot.state === 'free');
  if (newcomer !== NONE && free !== NONE) {
    yield step(`client ${newcomer} connects and gets number ${free}`, (next) => {
      at(next.clients, newcomer).number = free;
      next.slots[free] = { ...emptySlot(), state: 'idle', client: newcomer };
    });
  }
  for (const [index, client] of state.clients.entries()) {
    if (client.number === NONE || client.gone) continue;
    if (client.unsent > 0) {
      yield step(`client ${index} sends request ${client.sent + 1}`, (next) => {
        const self = at(next.clients, index);
        const slot = at(next.slots, client.number);
        self.unsent--;
        self.sent++;
        slot.length++;
        if (!isOut(slot, bug)) makeReady(next, client.number);
      });
    }
    if (client.refused || state.departures > 0) {
      yield step(`client ${index} goes away`, (next) => {
        if (!client.refused) next.departures--;
        at(next.clients, index).gone = true;
        const slot = at(next.slots, client.number);
        slot.closed = true;
        const hasty =
          bug === 'the number is reused before its queue entry was popped' && slot.state === 'ready';
        if (!isOut(slot, bug) || hasty) release(next, client.number);
      });
    }
  }
}

/**
 * Main answers what waits in the queue, or refuses it, and pops entries at the head that nobody waits for.
 */
function* overloadSteps(state: OwnershipState, bug: OwnershipBug): Generator<Step<OwnershipState>> {
  const step = stepper(state);
  for (const [number, slot] of state.slots.entries()) {
    if (state.refusals === 0) continue;
    if (slot.withdrawn && slot.length > slot.consumed && !at(state.clients, slot.client).refused) {
      yield answerStep(step, number);
    }
    if (slot.state !== 'ready' || slot.closed) continue;
    if (bug === 'main refuses without a compare-and-swap') {
      yield step(`main finds number ${number} READY`, (next) => {
        next.refusing = number;
      });
    } else {
      yield refuseStep(state, step, number, bug);
      yield answerStep(step, number);
    }
  }
  if (state.head === state.tail) return;
  const number = at(state.entries, state.head % QUEUE_PLACES);
  const slot = at(state.slots, number);
  if (slot.closed && slot.handedOut && slot.position === state.head) {
    yield step(`main sees at the head number ${number}, for which nobody waits`, (next) => {
      next.sweeping = state.head;
    });
  }
}

/** Main answers a request itself. The connection persists, and waits until its entry was popped. */
function answerStep(step: Stepper, number: number): Step<OwnershipState> {
  return step(`main answers a request of number ${number} itself`, (next) => {
    const slot = at(next.slots, number);
    const client = at(next.clients, slot.client);
    next.refusals--;
    Object.assign(slot, { closed: true, withdrawn: true });
    slot.consumed++;
    if (slot.consumed <= client.run)
      next.wrong = `request ${slot.consumed} of client ${slot.client} is run twice`;
    client.run = slot.consumed;
    write(next, {
      number,
      client: slot.client,
      answers: slot.consumed,
      consumed: slot.consumed,
      last: false,
    });
  });
}

/** The client gets its 503, and main discards what it sends from now on. */
function refuseStep(
  state: OwnershipState,
  step: Stepper,
  number: number,
  bug: OwnershipBug,
): Step<OwnershipState> {
  return step(`main refuses number ${number}`, (next) => {
    const slot = at(next.slots, number);
    const client = at(next.clients, slot.client);
    next.refusing = NONE;
    next.refusals--;
    Object.assign(slot, { closed: true, withdrawn: true });
    client.refused = true;
    client.unsent = 0;
    if (bug === 'a refused number is given back before its queue entry was popped') release(next, number);
    if (state.clients[slot.client]?.gone) next.wrong = `client ${slot.client} is gone, and was refused`;
  });
}

function sweepStep(state: OwnershipState, step: Stepper): Step<OwnershipState> {
  const { sweeping, popped } = state;
  if (popped !== NONE) {
    return step(`main takes number ${popped}, and gives it back`, (next) => {
      next.popped = NONE;
      if (at(state.slots, popped).state !== 'ready') next.wrong = `main has popped number ${popped} in vain`;
      endTurn(next, popped, at(state.slots, popped).consumed);
    });
  }
  const isFirst = state.head === sweeping;
  return step(isFirst ? `main moves the head to ${sweeping + 1}` : 'main comes too late', (next) => {
    next.sweeping = NONE;
    if (!isFirst) return;
    next.head++;
    next.popped = at(state.entries, sweeping % QUEUE_PLACES);
  });
}

/** With the planted bug, main sees in the state words which connections were given back. */
function* idleSteps(state: OwnershipState): Generator<Step<OwnershipState>> {
  const step = stepper(state);
  for (const [number, slot] of state.slots.entries()) {
    if (slot.state !== 'idle' || !slot.handedOut) continue;
    yield step(`main finds number ${number} given back`, (next) => endTurn(next, number, slot.consumed));
  }
}

/** Main's own knowledge. With the planted bug, main has only the worker's word. */
function isOut(slot: Slot, bug: OwnershipBug): boolean {
  if (bug === 'the worker gives the connection back itself') return slot.state !== 'idle';
  return slot.handedOut;
}

function makeReady(next: OwnershipState, number: number): void {
  const slot = at(next.slots, number);
  slot.state = 'ready';
  slot.owner = NONE;
  slot.handedOut = true;
  slot.position = next.tail;
  next.pushing = number;
}

function release(next: OwnershipState, number: number): void {
  next.slots[number] = emptySlot();
}

function drain(next: OwnershipState, worker: number, bug: OwnershipBug): void {
  const record = at(next.rings, worker).shift();
  if (record === undefined) return;
  const slot = at(next.slots, record.number);
  if (slot.state === 'free' || slot.client !== record.client) return; // Another generation: dropped.
  if (slot.withdrawn) {
    // The worker has only popped it, and main may have answered more since.
    if (record.answers > 0) next.wrong = `a worker has run number ${record.number}, which was withdrawn`;
    endTurn(next, record.number, slot.consumed);
    return;
  }
  if (record.answers > 0) write(next, record);
  if (bug === 'the worker gives the connection back itself') return; // See idleSteps.
  if (record.last) endTurn(next, record.number, record.consumed);
  // Main must know what is answered in case the worker dies before the end of its turn.
  else slot.consumed = record.consumed;
}

function endTurn(next: OwnershipState, number: number, consumed: number): void {
  const slot = at(next.slots, number);
  const client = at(next.clients, slot.client);
  slot.handedOut = false;
  slot.consumed = consumed;
  slot.owner = NONE;
  slot.withdrawn = false;
  slot.closed = false;
  if (client.gone) release(next, number);
  else if (client.refused)
    slot.state = 'idle'; // Main waits for its client to close.
  else if (slot.length > consumed) makeReady(next, number);
  else slot.state = 'idle';
}

/** The bytes of a record reach the client's socket. */
function write(next: OwnershipState, { number, client, answers }: OutRecord): void {
  const receiver = at(next.clients, at(next.slots, number).client);
  if (receiver.refused) next.wrong = `client ${client} gets an answer after it was refused`;
  if (receiver !== at(next.clients, client)) next.wrong = `client ${client}'s answer went to another client`;
  else if (answers !== receiver.answered + 1) {
    next.wrong = `client ${client} gets the answer to request ${answers} after that to request ${receiver.answered}`;
  }
  receiver.answered = answers;
}

/** After an 'exit', with the ring drained. */
function recover(next: OwnershipState, worker: number): void {
  const { claim, number: inHand, begun } = at(next.workers, worker);
  next.workers[worker] = {
    at: 'look',
    head: 0,
    number: NONE,
    client: NONE,
    closed: false,
    consumed: 0,
    begun: 0,
    claim: NONE,
  };
  for (const [number, slot] of next.slots.entries()) {
    if (!slot.handedOut) continue;
    if (slot.state === 'running' && slot.owner === worker) {
      recoverRunning(next, number, inHand === number && begun > slot.consumed);
    } else if (slot.state === 'ready' && claim === slot.position && next.head > slot.position) {
      next.undecided.push({ number, client: slot.client, position: slot.position });
    }
  }
  if (next.undecided.length > 0 && next.pushing === NONE) next.looking = 0;
}

/**
 * If a request was begun and main has no answer, main answers with an error, because the request may have had
 * its effect.
 */
function recoverRunning(next: OwnershipState, number: number, begun: boolean): void {
  const slot = at(next.slots, number);
  if (!begun || slot.closed) {
    endTurn(next, number, slot.consumed);
    return;
  }
  const answers = slot.consumed + 1;
  write(next, { number, client: slot.client, answers, consumed: answers, last: true });
  endTurn(next, number, answers);
}

/** One look at the first of the undecided: at each claim in turn, then at state and head. */
function lookAgainStep(state: OwnershipState, step: Stepper, bug: OwnershipBug): Step<OwnershipState> {
  const [first] = state.undecided;
  if (first === undefined) throw new Error('main only looks again while there are undecided connections');
  const { looking } = state;
  const slot = at(state.slots, first.number);
  const forgetful = bug === 'a death is decided about by a later position';
  const position = forgetful ? slot.position : first.position;
  if (looking < WORKERS.length) {
    return step(`main looks whether worker ${looking} claims position ${position}`, (next) => {
      if (at(state.workers, looking).claim !== position) next.looking++;
      else {
        next.undecided.push(...next.undecided.splice(0, 1));
        next.looking = NONE; // Later.
      }
    });
  }
  return step(`main decides about number ${first.number}`, (next) => {
    next.undecided.shift();
    next.looking = NONE;
    const isSame = slot.client === first.client && (forgetful || slot.position === first.position);
    if (isSame && slot.state === 'ready' && state.head > slot.position) makeReady(next, first.number);
  });
}
