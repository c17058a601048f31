/**
 * What all parts of one worker share: its views of the shared memory, its core, the application's pipeline and its
 * port to the main thread. Made once, when the thread starts.
 */

import { ConnectionTable } from '../memory/connections/connection-table.ts';
import { ReadyQueue } from '../memory/connections/ready-queue.ts';
import { type SharedMemory, viewMemory } from '../memory/layout.ts';
import { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import { MainBell, ParkedWorkers } from '../memory/synchronization/parking.ts';
import { OutboundRingWriter } from '../memory/workers/outbound-ring-writer.ts';
import { RouteTimes } from '../memory/workers/route-times.ts';
import { WorkerWords } from '../memory/workers/worker-words.ts';
import { BELL, type ToMain, type WorkerStart } from './messages.ts';

export class WorkerContext {
  readonly start: WorkerStart;
  readonly slot: number;
  readonly shared: SharedMemory;
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly ring: OutboundRingWriter;
  readonly words: WorkerWords;
  readonly parked: ParkedWorkers;
  readonly routeTimes: RouteTimes;
  /** Cleared when the server stops: responses then say `Connection: close`. */
  readonly running: AtomicFlag;
  readonly #bell: MainBell;
  readonly #post: (message: ToMain) => void;
  #isInBatch = false;
  #owesRing = false;

  constructor(start: WorkerStart, post: (message: ToMain) => void) {
    this.start = start;
    this.slot = start.slot;
    this.shared = viewMemory(start.memory, start.layout);
    this.table = new ConnectionTable(this.shared);
    this.queue = new ReadyQueue(this.shared);
    this.ring = new OutboundRingWriter(this.shared, start.slot);
    this.words = new WorkerWords(this.shared, start.slot);
    this.parked = new ParkedWorkers(this.shared);
    this.routeTimes = new RouteTimes(this.shared);
    this.running = new AtomicFlag(this.shared.words, start.layout.runningWord);
    this.#bell = new MainBell(this.shared);
    this.#post = post;
  }

  /**
   * After something was published: wakes the main thread if it sleeps. In a batch that is put off, because main would
   * wake for every record, find nothing more and sleep again; it is done before anything that may take its time.
   */
  ringMain(): void {
    if (this.#isInBatch) this.#owesRing = true;
    else if (this.#bell.takeRing()) this.#post(BELL);
  }

  /** The worker's loop begins to serve what it finds. */
  beginBatch(): void {
    this.#isInBatch = true;
  }

  /** In a batch: rings now, if anything was published. */
  flushRing(): void {
    if (!this.#owesRing) return;
    this.#owesRing = false;
    if (this.#bell.takeRing()) this.#post(BELL);
  }

  endBatch(): void {
    this.#isInBatch = false;
    this.flushRing();
  }

  post(message: ToMain): void {
    this.#post(message);
  }
}
