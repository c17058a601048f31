/**
 * A model of the ownership of connections: the main thread, two workers and a few clients that share two
 * connection numbers, in every interleaving. Clients go away and workers die at any step.
 *
 * | here                               | in the code                                                    |
 * | ---------------------------------- | -------------------------------------------------------------- |
 * | `head`, `tail`, `entries`, `claim` | ReadyQueue: push, and pop at 'look', 'claim', 'move'           |
 * | `Slot.state`, 'take', 'unclaim'    | ConnectionTable.take, then WorkerWords.clearClaim              |
 * | 'serve', 'answer'                  | Turn: look at the length, then run a handler and publish       |
 * | client steps                       | Connections.accept; Ownership: received, clientGone            |
 * | "main drains"                      | Ownership.onRecord, and the end of a turn that follows         |
 * | `pushing`, "main pushes"           | Ownership.makeReady, whose two stores workers can see apart    |
 * | "main sees the exit"               | Recovery.afterExit, then Orphans.moveOn                        |
 * | `undecided`, "main looks…"         | Orphans.lookAgain                                              |
 * | `begun`                            | ConnectionTable.requestEnd                                     |
 * | "main refuses"                     | Ownership.withdraw, then Endings.refuse                        |
 * | "main answers…"                    | Ownership.withdraw, then Ownership.answerItself                |
 * | `sweeping`, `popped`               | Overload: the sweep, with ReadyQueue.popAt, Ownership.takeOut  |
 *
 * A request in process when its worker dies is answered with an error and never run again, because no request
 * here is safe. The model leaves out safe requests of bystanders, which run again, heavy requests, and
 * workers that hang (abandon).
 */
import type { Model } from '../checker.ts';
import { mainSteps } from './main-thread.ts';
import { fault, unrest } from './properties.ts';
import {
  emptySlot,
  NONE,
  type OwnershipOptions,
  type OwnershipState,
  QUEUE_PLACES,
  WORKERS,
} from './state.ts';
import { key, show } from './text.ts';
import { workerSteps } from './worker-thread.ts';

export function ownershipModel(options: OwnershipOptions): Model<OwnershipState> {
  const bug = options.bug ?? 'none';
  const worker = {
    at: 'look',
    head: 0,
    number: NONE,
    client: NONE,
    closed: false,
    consumed: 0,
    begun: 0,
    claim: NONE,
  } as const;
  return {
    initial: {
      head: 0,
      tail: 0,
      entries: Array.from({ length: QUEUE_PLACES }, () => NONE),
      slots: Array.from({ length: options.numbers }, () => emptySlot()),
      workers: WORKERS.map(() => ({ ...worker })),
      rings: WORKERS.map(() => []),
      clients: options.requests.map((unsent) => ({
        number: NONE,
        gone: false,
        unsent,
        sent: 0,
        refused: false,
        run: 0,
        answered: 0,
      })),
      pushing: NONE,
      undecided: [],
      looking: NONE,
      departures: options.departures ?? 0,
      deaths: options.deaths ?? 0,
      refusals: options.refusals ?? 0,
      refusing: NONE,
      sweeping: NONE,
      popped: NONE,
      wrong: '',
    },
    *steps(state) {
      yield* mainSteps(state, bug);
      for (const slot of WORKERS) yield* workerSteps(state, slot, bug);
    },
    fault,
    unrest,
    key,
    show,
  };
}
