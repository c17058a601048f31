/**
 * The state of the parking model: flags, queue, rings, and where each thread is. A step makes the next state
 * of it.
 */
import type { Step } from '../checker.ts';

export type ParkingBug =
  | 'none'
  | 'worker looks before it sets its flag'
  | 'main looks before it sets its flag';

export interface ParkingOptions {
  readonly bug?: ParkingBug;
  /** Requests that each client sends. */
  readonly requests: readonly number[];
  /** Requests that may be answered asynchronously. */
  readonly asynchronous?: number;
  /** Workers that may die. */
  readonly deaths?: number;
}

// Steps that touch one shared word each are kept apart where their order can matter. Two pairs are drawn
// together. One is a worker's load and exchange of the bell word: an exchange at either moment does the same.
// The other is a step that finds work with the clearing of the flag that follows it: a ring in between would
// add one wake-up.

/** 'scheduled' is also the start of the next round. */
export type MainAt =
  | 'asleep'
  | 'scheduled'
  | 'drain'
  | 'decide'
  | 'wake'
  | 'park'
  | 'lookAtRing'
  | 'lookAtQueue'
  | 'lookAtWorker';

export type WorkerAt =
  | 'idle'
  | 'pop'
  | 'publish'
  | 'ring'
  | 'park'
  | 'look'
  | 'settled'
  | 'unpark'
  | 'dead'
  | 'starting';

export interface MainThread {
  at: MainAt;
  /** The worker whose ring or bit is looked at next. */
  next: number;
  candidate: number;
  /** Whether this round found anything, so that another follows. */
  busy: boolean;
  /** A worker's ring message is on its way. */
  rung: boolean;
}

export interface WorkerThread {
  at: WorkerAt;
  /** In its hand, -1: none. */
  connection: number;
  /** Where it goes on after it has rung main. */
  onward: 'pop' | 'idle' | 'unpark';
  /** Published in this batch, and main not rung yet. */
  owesRing: boolean;
  inFlight: number[];
  bell: boolean;
}

export interface ParkingState {
  main: MainThread;
  workers: WorkerThread[];
  bellWord: boolean;
  parked: boolean[];
  queue: number[];
  rings: number[][];
  /**
   * Per connection: requests that the client will still send. That lie in the buffer. Whether it is READY or
   * RUNNING.
   */
  unsent: number[];
  buffered: number[];
  handedOut: boolean[];
  asynchronous: number;
  deaths: number;
}

export const WORKERS = [0, 1] as const;
export const NONE = -1;
/** Handlers in flight with which a worker is full. */
export const MAX_IN_FLIGHT = 1;

export type Stepper = (what: string, change: (next: ParkingState) => void) => Step<ParkingState>;

export function stepper(state: ParkingState): Stepper {
  return (what, change) => {
    const next = copy(state);
    change(next);
    return { what, next };
  };
}

function copy(state: ParkingState): ParkingState {
  return {
    ...state,
    main: { ...state.main },
    workers: state.workers.map((worker) => ({ ...worker, inFlight: [...worker.inFlight] })),
    parked: [...state.parked],
    queue: [...state.queue],
    rings: state.rings.map((ring) => [...ring]),
    unsent: [...state.unsent],
    buffered: [...state.buffered],
    handedOut: [...state.handedOut],
  };
}
