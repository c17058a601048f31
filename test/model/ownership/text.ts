/** The ownership model's states as keys, and as lines of a counter-example. */
import { at, keyOf } from '../checker.ts';
import { NONE, type OwnershipState, QUEUE_PLACES, type SlotState, type WorkerAt } from './state.ts';

const SLOT_STATES: readonly SlotState[] = ['free', 'idle', 'ready', 'running'];
const WORKER_PLACES: readonly WorkerAt[] = [
  'look',
  'claim',
  'move',
  'lateClaim',
  'take',
  'unclaim',
  'serve',
  'answer',
  'publish',
  'giveBack',
  'dead',
];

export function key(state: OwnershipState): string {
  const numbers = [state.head, state.tail, state.pushing, state.looking, state.departures, state.deaths];
  numbers.push(state.refusals, state.refusing, state.sweeping, state.popped);
  for (const slot of state.slots) {
    numbers.push(SLOT_STATES.indexOf(slot.state), +slot.closed, slot.owner, slot.client, +slot.handedOut);
    numbers.push(+slot.withdrawn);
    numbers.push(slot.position, slot.length, slot.consumed);
  }
  for (const worker of state.workers) {
    numbers.push(WORKER_PLACES.indexOf(worker.at), worker.head, worker.number, worker.client);
    numbers.push(+worker.closed, worker.consumed, worker.begun, worker.claim);
  }
  for (const { number, gone, unsent, refused, run, answered } of state.clients) {
    numbers.push(number, +gone, unsent, +refused, run, answered);
  }
  // Nobody reads popped positions any more.
  for (let position = state.head; position < state.tail; position++) {
    numbers.push(at(state.entries, position % QUEUE_PLACES));
  }
  for (const ring of state.rings) {
    numbers.push(ring.length);
    for (const record of ring) {
      numbers.push(record.number, record.client, record.answers, record.consumed, +record.last);
    }
  }
  for (const { number, client, position } of state.undecided) numbers.push(number, client, position);
  return `${keyOf(numbers)}${state.wrong}`;
}

export function show({ head, tail, entries, slots, workers, rings }: OwnershipState): string {
  const queued: number[] = [];
  for (let position = head; position < tail; position++) queued.push(at(entries, position % QUEUE_PLACES));
  const numbers = slots.map(({ state, closed, owner, client }, number) => {
    const who = state === 'free' ? '' : ` (client ${client}${owner === NONE ? '' : `, worker ${owner}`})`;
    return `${number}: ${state}${closed ? ' closed' : ''}${who}`;
  });
  const threads = workers.map((worker, index) => {
    const records = at(rings, index).map(
      ({ client, answers, last }) => `${client}.${answers}${last ? '!' : ''}`,
    );
    const claim = worker.claim === NONE ? '' : ` claims ${worker.claim}`;
    return `w${index}: ${worker.at}${claim} ring [${records}]`;
  });
  return `queue ${head}[${queued}] | ${numbers.join(' | ')} | ${threads.join(' | ')}`;
}
