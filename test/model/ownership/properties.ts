/**
 * The properties of the ownership model: those of every state, and those of states in which nobody can move.
 */
import { at } from '../checker.ts';
import { holds, NONE, type OwnershipState, QUEUE_PLACES, SERVING } from './state.ts';

export function fault(state: OwnershipState): string | undefined {
  if (state.wrong !== '') return state.wrong;
  const queued: number[] = [];
  for (let position = state.head; position < state.tail; position++) {
    queued.push(at(state.entries, position % QUEUE_PLACES));
  }
  if (new Set(queued).size < queued.length) return 'a number stands in the queue twice';
  if (state.pushing !== NONE && queued.includes(state.pushing))
    return 'a number that is queued is about to be queued again';
  for (const number of queued) {
    const { state: place } = at(state.slots, number);
    if (place === 'idle' || place === 'running')
      return `number ${number} stands in the queue and is ${place}`;
  }
  const held = state.workers.flatMap((worker) => {
    if (worker.at === 'dead') return worker.number === NONE ? [] : [worker.number];
    return holds(worker) ? [worker.number] : [];
  });
  const [one, other] = state.workers
    .filter(({ at: place }) => SERVING.includes(place))
    .map(({ number }) => number);
  if (one !== undefined && one !== NONE && one === other) return `number ${one} is served by both workers`;
  for (const [number, slot] of state.slots.entries()) {
    if (slot.state !== 'free') continue;
    if (queued.includes(number)) return `number ${number} is free, and its entry stands in the queue`;
    if (held.includes(number)) return `number ${number} is free, and a worker has it in its hand`;
  }
  return undefined;
}

export function unrest(state: OwnershipState): string | undefined {
  for (const [index, client] of state.clients.entries()) {
    if (client.gone || client.refused || client.number === NONE) continue;
    if (client.answered !== client.sent) {
      return `client ${index} has ${client.answered} answers to ${client.sent} requests`;
    }
  }
  for (const [number, { state: place, handedOut }] of state.slots.entries()) {
    if (handedOut || (place !== 'free' && place !== 'idle'))
      return `number ${number} is lost: it is ${place}`;
  }
  if (state.workers.some(({ claim }) => claim !== NONE)) return 'a worker still claims a position';
  return undefined;
}
