/**
 * The state of the ownership model: what is shared, and what each thread knows. A step makes the next state
 * of it.
 */
import type { Step } from '../checker.ts';

export type OwnershipBug =
  | 'none'
  | 'the worker gives the connection back itself'
  | 'the number is reused before its queue entry was popped'
  | 'a death is decided about by a later position'
  | 'the claim is written after the head has moved'
  | 'a request is done before its answer is published'
  | 'main refuses without a compare-and-swap'
  | 'a refused number is given back before its queue entry was popped';

export interface OwnershipOptions {
  readonly bug?: OwnershipBug;
  /** Requests of each client. Clients connect in this order, as numbers are free. */
  readonly requests: readonly number[];
  /** Connection numbers. */
  readonly numbers: 1 | 2;
  /** Clients that may go away. */
  readonly departures?: number;
  /** Workers that may die. */
  readonly deaths?: number;
  /** Requests that main may refuse, or answer itself, while they wait in the queue. */
  readonly refusals?: number;
}

export type SlotState = 'free' | 'idle' | 'ready' | 'running';
export type WorkerAt =
  | 'look'
  | 'claim'
  | 'move'
  | 'lateClaim'
  | 'take'
  | 'unclaim'
  | 'serve'
  | 'answer'
  | 'publish'
  | 'giveBack'
  | 'dead';

interface Client {
  /** Its connection's number. -1 before it connects. */
  number: number;
  gone: boolean;
  unsent: number;
  sent: number;
  /** Main has refused its request, and ends the connection. */
  refused: boolean;
  /** The last request that a worker began to run. */
  run: number;
  answered: number;
}

/** A connection number: the shared words, and what main knows besides. */
export interface Slot {
  state: SlotState;
  /** The bit: no worker may begin a request, because the client is gone, or main answers itself. */
  closed: boolean;
  /** Main's own knowledge: it answers itself, and the entry is still to be popped. */
  withdrawn: boolean;
  owner: number;
  /** The client that has the number: stands for the generation, which differs for each. */
  client: number;
  handedOut: boolean;
  position: number;
  length: number;
  consumed: number;
}

export interface WorkerThread {
  at: WorkerAt;
  head: number;
  /** The connection number read from the queue, then in its hand. -1: none. */
  number: number;
  client: number;
  closed: boolean;
  consumed: number;
  /** The request it ran last, 0: none in this turn. `requestEnd` in the connection table. */
  begun: number;
  claim: number;
}

export interface OutRecord {
  readonly number: number;
  readonly client: number;
  /** Number of the request that it answers, 0: none. */
  readonly answers: number;
  readonly consumed: number;
  readonly last: boolean;
}

interface Undecided {
  readonly number: number;
  readonly client: number;
  readonly position: number;
}

export interface OwnershipState {
  head: number;
  tail: number;
  entries: number[];
  slots: Slot[];
  workers: WorkerThread[];
  rings: OutRecord[][];
  clients: Client[];
  /** READY and not yet pushed. -1: none. */
  pushing: number;
  undecided: Undecided[];
  /** Main in lookAgain: the worker whose claim it reads next, 2 when it is past the claims. -1: elsewhere. */
  looking: number;
  departures: number;
  deaths: number;
  refusals: number;
  /** With the planted bug: the number that main has found READY and refuses next. -1: none. */
  refusing: number;
  /** Main in its sweep: the position of the entry that nobody waits for. -1: elsewhere. */
  sweeping: number;
  /** Main has popped the number and takes it next. -1: none. */
  popped: number;
  /** An event that main noticed while it wrote to a socket. */
  wrong: string;
}

export const WORKERS = [0, 1] as const;
export const NONE = -1;
/** A power of two above the number of connections. */
export const QUEUE_PLACES = 4;
/** Steps at which a worker has popped the number that it holds. Then those at which it has also taken it. */
const HOLDING: readonly WorkerAt[] = ['lateClaim', 'take', 'unclaim', 'serve', 'answer', 'publish'];
export const SERVING: readonly WorkerAt[] = ['unclaim', 'serve', 'answer', 'publish'];

export function emptySlot(): Slot {
  return {
    state: 'free',
    closed: false,
    withdrawn: false,
    owner: NONE,
    client: NONE,
    handedOut: false,
    position: NONE,
    length: 0,
    consumed: 0,
  };
}

export function holds({ at: place, number }: WorkerThread): boolean {
  return number !== NONE && HOLDING.includes(place);
}

export type Stepper = (what: string, change: (next: OwnershipState) => void) => Step<OwnershipState>;

export function stepper(state: OwnershipState): Stepper {
  return (what, change) => {
    const next: OwnershipState = {
      ...state,
      entries: [...state.entries],
      slots: state.slots.map((slot) => ({ ...slot })),
      workers: state.workers.map((worker) => ({ ...worker })),
      rings: state.rings.map((ring) => [...ring]),
      clients: state.clients.map((client) => ({ ...client })),
      undecided: [...state.undecided],
    };
    change(next);
    return { what, next };
  };
}
