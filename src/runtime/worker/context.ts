/**
 * The objects that all parts of one worker share: its views of the shared memory, its bell to the main
 * thread, its clock, and the bounds of its output. They are made once, when the thread starts.
 */

import type { ConnectionTable } from '../memory/connections/connection-table.ts';
import type { ReadyQueue } from '../memory/connections/ready-queue.ts';
import { type SharedMemory, viewMemory } from '../memory/layout.ts';
import {
  openConnectionTable,
  openMainBell,
  openOutboundRingWriter,
  openParkedWorkers,
  openReadyQueue,
  openWorkerWords,
} from '../memory/open.ts';
import { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import type { ParkedWorkers } from '../memory/synchronization/parking.ts';
import { CutOffRoutes } from '../memory/workers/cut-off-routes.ts';
import type { OutboundRingWriter } from '../memory/workers/outbound-ring-writer.ts';
import { RecentRequests } from '../memory/workers/recent-requests.ts';
import { RequestCounts } from '../memory/workers/request-counts.ts';
import { RouteTimes } from '../memory/workers/route-times.ts';
import { StageTimes } from '../memory/workers/stage-times.ts';
import type { WorkerWords } from '../memory/workers/worker-words.ts';
import { EventLoopRound } from './event-loop-round.ts';
import { MainBellRinger } from './main-bell-ringer.ts';
import type { ToMain, WorkerStart } from './messages.ts';
import { OutputWaiters } from './output/output-waiters.ts';
import { SpareBuffers } from './output/spare-buffers.ts';
import { UnsentMemory } from './output/unsent-memory.ts';
import { ServiceTimes } from './service-times.ts';

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
  readonly cutOffRoutes: CutOffRoutes;
  readonly recent: RecentRequests;
  readonly counts: RequestCounts;
  readonly stageTimes: StageTimes;
  /** Cleared when the server stops: responses then say `Connection: close`. */
  readonly running: AtomicFlag;
  /** Set while a debugger is attached: see server/workers/handler-deadlines.ts. */
  readonly deadlinesSuspended: AtomicFlag;
  /** Sends a message to the main thread. */
  readonly post: (message: ToMain) => void;
  readonly bell: MainBellRinger;
  readonly times: ServiceTimes;
  /** Turns that wait for room in this worker's ring. */
  readonly roomWaiters = new OutputWaiters();
  /** Turns that wait for their connection's credit. */
  readonly creditWaiters = new OutputWaiters();
  readonly unsent: UnsentMemory;
  readonly spareBuffers = new SpareBuffers();
  readonly round = new EventLoopRound();

  /** @param post sends a message to the main thread */
  constructor(start: WorkerStart, post: (message: ToMain) => void) {
    this.start = start;
    this.post = post;
    this.slot = start.slot;
    this.shared = viewMemory(start.memory, start.layout);
    this.table = openConnectionTable(this.shared);
    this.queue = openReadyQueue(this.shared);
    this.ring = openOutboundRingWriter(this.shared, start.slot);
    this.words = openWorkerWords(this.shared, start.slot);
    this.parked = openParkedWorkers(this.shared);
    this.routeTimes = new RouteTimes(this.shared);
    this.cutOffRoutes = new CutOffRoutes(this.shared);
    this.recent = new RecentRequests(this.shared, start.slot);
    this.counts = new RequestCounts(this.shared, start.slot);
    this.stageTimes = new StageTimes(this.shared, start.slot);
    this.running = new AtomicFlag(this.shared.words, start.layout.runningWord);
    this.deadlinesSuspended = new AtomicFlag(this.shared.words, start.layout.deadlinesSuspendedWord);
    this.bell = new MainBellRinger(openMainBell(this.shared), post);
    this.times = new ServiceTimes(this.routeTimes, this.words);
    const { words, layout } = this.shared;
    const heldByMain = () => Atomics.load(words, layout.outboundHeldWord);
    this.unsent = new UnsentMemory(this.words, start.outboundMemoryMb, heldByMain);
  }
}
