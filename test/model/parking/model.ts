/**
 * The parking protocol as a model: the main thread, two workers and two clients, in every interleaving.
 *
 * One step here is one access to a word that other threads write, or one event of an event loop. Where each
 * stands in the code:
 *
 * | here                                       | in the code                                               |
 * | ------------------------------------------ | --------------------------------------------------------- |
 * | `queue`, a step of 'pop'                   | ReadyQueue: the store of the tail, the CAS of the head    |
 * | `rings`, 'publish'                         | OutboundRingWriter: the store of the tail                 |
 * | `parked`                                   | ParkedWorkers                                             |
 * | `bellWord`                                 | MainBell                                                  |
 * | `rung`, `bell`                             | a message on its way through a MessagePort                |
 * | main at 'drain', 'decide', 'wake'          | Dispatcher: a round                                       |
 * | main at 'park', 'lookAt…'                  | Doorbell: after the last round                            |
 * | main at 'asleep', 'scheduled'              | its event loop, with a round due (`setImmediate`) or not  |
 * | client steps                               | Ownership.received: queue the connection, then ring       |
 * | worker at 'pop', 'park', 'look', 'settled' | the worker's request loop, and a handler that settles     |
 * | worker at 'publish', 'ring'                | Output, then the ring of main, put off in a batch         |
 *
 * A request is answered in one turn, synchronously, or later by a handler in flight. A worker with as many
 * handlers in flight as it may have is full and does not pop. `shouldWake` may answer either way, except when
 * nobody is awake. So no wake-up may get lost, whatever the policy decides for speed. The slow timer that
 * re-checks is left out on purpose, because the protocol must not need it.
 */
import type { Model } from '../checker.ts';
import { mainSteps } from './main-thread.ts';
import { lostWakeUp, unfinished } from './properties.ts';
import { NONE, type ParkingOptions, type ParkingState, WORKERS } from './state.ts';
import { key, show } from './text.ts';
import { workerSteps } from './worker-thread.ts';

export function parkingModel(options: ParkingOptions): Model<ParkingState> {
  const bug = options.bug ?? 'none';
  return {
    initial: {
      main: { at: 'asleep', next: 0, candidate: NONE, busy: false, rung: false },
      workers: WORKERS.map(() => ({
        at: 'idle',
        connection: NONE,
        onward: 'pop',
        owesRing: false,
        inFlight: [],
        bell: false,
      })),
      bellWord: true,
      parked: WORKERS.map(() => true),
      queue: [],
      rings: WORKERS.map(() => []),
      unsent: [...options.requests],
      buffered: options.requests.map(() => 0),
      handedOut: options.requests.map(() => false),
      asynchronous: options.asynchronous ?? 0,
      deaths: options.deaths ?? 0,
    },
    *steps(state) {
      yield* mainSteps(state, bug);
      for (const slot of WORKERS) yield* workerSteps(state, slot, bug);
    },
    fault: lostWakeUp,
    unrest: unfinished,
    key,
    show,
  };
}
