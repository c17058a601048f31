/**
 * What main does while requests wait: it looks at the ready queue every LOOK_MS and answers those itself that
 * no worker should or will serve. Main thread.
 *
 *  - Answers that main can give itself (own-answers/): a worker has not taken the request since the look
 *    before. Metrics must be collected first, and are there at one of the next looks.
 *  - 503: the request has waited for longer than the limit (patience.ts), or no worker has done anything for
 *    as long. While a request is expected to wait for longer (expected-wait.ts), main refuses new ones as
 *    they come.
 *  - 503 too: the client sends FIN, and some time before that it had sent its last byte. It gives up. A
 *    client that sends FIN right behind its requests only says that these were the last, and is served. TCP
 *    cannot tell the two apart for certain, so even who has given up is sent its 503.
 *
 * A request in the queue is *withdrawn*: a compare-and-swap sets CLOSED while the connection is READY, so
 * either a worker has taken it, or no worker runs it. Its entry stays in the queue, and number and buffer
 * stay in use, exactly as if the client had gone. Whoever pops the entry gives the connection back. If no
 * worker pops, main does (`#sweep`), so numbers come back while all workers hang.
 *
 * Nothing here is on the way of a request that is served soon, except the question whether main `refuses`.
 */

import type { ReadyQueue } from '../../memory/connections/ready-queue.ts';
import type { Clock } from '../clock.ts';
import { ANY_WORKER, type Connection } from '../connections/connection.ts';
import type { Endings } from '../connections/endings.ts';
import type { Ownership } from '../connections/ownership.ts';
import type { Registry } from '../connections/registry.ts';
import type { MainCounts } from '../metrics/main-counts.ts';
import { type OwnAnswer, type OwnAnswers, SOON } from '../own-answers/own-answers.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import { ExpectedWait } from './expected-wait.ts';
import { Patience } from './patience.ts';
import { RefusalLog } from './refusal-log.ts';
import { isBefore, WaitingTimes } from './waiting-times.ts';

/** Time between two looks at a queue that is not empty. */
const LOOK_MS = 10;
/** The beginning of a request that has no end of its head within so many bytes is refused, too. */
const LONGEST_HEAD_BYTES = 16_384;

/** For so long a request may wait for an answer that main makes. The first one loads what makes metrics. */
const LONGEST_MAKING_MS = 10_000;

const TOO_LONG = 'The server has more requests than it can serve in time.';
const MEMORY_SHORT = 'The server has no memory for another request at this moment.';
const CLIENT_ENDED = 'The client has ended its side of the connection while its request waited.';
const RETRY = { 'Retry-After': '1' };

export interface OverloadOptions {
  readonly queue: ReadyQueue;
  readonly registry: Pick<Registry, 'byNumber'>;
  readonly endings: Pick<Endings, 'refuse'>;
  readonly ownership: Pick<Ownership, 'withdraw' | 'takeOut' | 'answerItself' | 'makeReady' | 'isStopping'>;
  readonly ownAnswers: OwnAnswers;
  readonly counts: MainCounts;
  readonly maxQueueWaitMs: number;
  /** Whether a worker sleeps that would take a request. */
  readonly isAnyoneFree: () => boolean;
  /** Whether the process has more memory than it may have (workers/memory-watch.ts). */
  readonly isMemoryShort: () => boolean;
  readonly clock: Clock;
  readonly logger: RuntimeLogger;
}

export class Overload {
  readonly #options: OverloadOptions;
  readonly #waiting = new WaitingTimes();
  readonly #expected = new ExpectedWait();
  readonly #patience: Patience;
  readonly #log: RefusalLog;
  #timer: NodeJS.Timeout | undefined;
  #isWatching = false;
  #isRefusing = false;
  /** Before this position, main has looked which requests it can answer itself. */
  #examined = 0;
  /** Waiting connections whose head is not complete, or whose answer is not there, with their positions. */
  readonly #incomplete = new Map<Connection, number>();

  constructor(options: OverloadOptions) {
    this.#options = options;
    this.#patience = new Patience(options.maxQueueWaitMs);
    this.#log = new RefusalLog(options.logger);
  }

  /** Workers serve from now on. It has taken long to start them, but that says nothing about the queue. */
  begin(): void {
    this.#expected.begin(this.#options.clock.now());
    this.#timer = setTimeout(() => this.#onTimer(), LOOK_MS).unref();
  }

  /** How long the request at the head of the queue has waited, exact to some milliseconds. */
  get waitMs(): number {
    const { queue, clock } = this.#options;
    return queue.length === 0 ? 0 : this.#waiting.of(queue.head, clock.now());
  }

  /** How long a request may wait at this moment. */
  get limitMs(): number {
    return this.#patience.limit(this.#options.clock.now());
  }

  /** Whether a request that comes now would wait for too long. */
  refuses(): boolean {
    if (this.#options.isMemoryShort()) return true;
    if (!this.#isRefusing) return false;
    // The last look was some milliseconds ago.
    if (this.#options.queue.length === 0 && this.#options.isAnyoneFree()) this.#isRefusing = false;
    return this.#isRefusing;
  }

  /** The queue is not empty. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#isWatching = true;
  }

  /** Called by the timer while requests wait, and by the slow timer at any time. */
  look(): void {
    const { queue, clock } = this.#options;
    const now = clock.now();
    this.#sweep();
    const { head } = queue;
    this.#waiting.look(head, queue.tail, now);
    this.#judge(head, now);
    this.#examineNew(head, now);
    this.#examineAgain(head);
    this.#refuseLate(head, now);
    this.#sweep();
    this.#log.look(now);
  }

  /** While it `refuses`: bytes of a request have come, and main has the connection. It is not queued. */
  turnAway(connection: Connection): void {
    const head = connection.buffer.head();
    // Nobody has to look at a part of a head. The client has HEADERS_TIMEOUT_MS for the rest.
    if (head === null && connection.buffer.unanswered <= LONGEST_HEAD_BYTES) return;
    if (this.answerItself(connection)) return;
    // It waits in the queue until its answer is there.
    if (this.#ownAnswerTo(head) === SOON) this.#options.ownership.makeReady(connection);
    else this.#refuse(connection);
  }

  /**
   * Answers the requests at the start of a connection's bytes that main has answers to. Main holds the
   * connection, or has withdrawn it.
   * @returns whether there was any
   */
  answerItself(connection: Connection): boolean {
    const { ownership, counts } = this.#options;
    let hasAnswered = false;
    while (connection.isOpen && (!connection.isHandedOut || connection.isWithdrawn)) {
      const head = connection.buffer.head();
      const answer = this.#ownAnswerTo(head);
      if (head === null || answer === null || answer === SOON) break;
      counts.answeredPath(answer.status, answer.path);
      ownership.answerItself(connection, answer.response, head.length);
      hasAnswered = true;
    }
    return hasAnswered;
  }

  /** The client of a connection that is handed out has sent FIN, or is gone. */
  left(connection: Connection): void {
    const { queue, clock, ownership, endings } = this.#options;
    const { queuePosition } = connection;
    if (!connection.isHandedTo(ANY_WORKER) || isBefore(queuePosition, queue.head)) return;
    const now = clock.now();
    this.#patience.left(this.#waiting.of(queuePosition, now), now);
    const hasSentNothingSince = connection.bytesSeenWaiting === connection.buffer.unanswered;
    if (connection.isOpen && hasSentNothingSince && ownership.withdraw(connection)) {
      this.#options.counts.shed.left++;
      endings.refuse(connection, 503, CLIENT_ENDED, RETRY);
    }
    this.watch();
  }

  #onTimer(): void {
    this.#isWatching = false;
    this.look();
    if (this.#isRefusing || this.#options.queue.length > 0) this.watch();
  }

  /** Pops entries at the head of the queue that nobody waits for. A worker may pop them as well. */
  #sweep(): void {
    const { queue, registry, ownership } = this.#options;
    for (let position = queue.head; position !== queue.tail; position = queue.head) {
      const connection = registry.byNumber(queue.at(position));
      // If it is undefined or queued elsewhere, a worker has popped the entry at this moment.
      if (connection === undefined || connection.queuePosition !== position) return;
      if (connection.isOpen && !connection.isWithdrawn) return;
      if (!queue.popAt(position)) continue;
      this.#expected.popped(1);
      ownership.takeOut(connection);
    }
  }

  /** Looks once at each request that has waited since the look before. */
  #examineNew(head: number, now: number): void {
    const end = this.#waiting.endOfThoseThatWaited(1, now);
    if (isBefore(this.#examined, head)) this.#examined = head;
    for (; isBefore(this.#examined, end); this.#examined = (this.#examined + 1) | 0) {
      const connection = this.#waitingAt(this.#examined);
      if (connection === undefined) continue;
      connection.bytesSeenWaiting = connection.buffer.unanswered;
      if (!this.#examine(connection)) this.#incomplete.set(connection, this.#examined);
    }
  }

  /** @returns false if it must be looked at again: the head of its request has not come, or its answer */
  #examine(connection: Connection): boolean {
    const head = connection.buffer.head();
    const answer = this.#ownAnswerTo(head);
    if (head === null || answer === SOON) return false;
    if (answer !== null && this.#options.ownership.withdraw(connection)) this.answerItself(connection);
    return true;
  }

  #examineAgain(head: number): void {
    for (const [connection, position] of this.#incomplete) {
      const isWaiting = !isBefore(position, head) && this.#waitingAt(position) === connection;
      if (!isWaiting || this.#examine(connection)) this.#incomplete.delete(connection);
    }
  }

  #ownAnswerTo(head: Buffer | null): OwnAnswer | typeof SOON | null {
    const { ownAnswers, ownership } = this.#options;
    return head === null ? null : ownAnswers.to(head, !ownership.isStopping);
  }

  #refuseLate(head: number, now: number): void {
    const { ownership } = this.#options;
    const limit = this.#patience.limit(now);
    const isStalled = this.#expected.stalled(now) > limit;
    const end = this.#waiting.endOfThoseThatWaited(isStalled ? 1 : limit, now);
    for (let position = head; isBefore(position, end); position = (position + 1) | 0) {
      const connection = this.#waitingAt(position);
      if (connection === undefined || this.#isAnsweredSoon(connection, now)) continue;
      if (ownership.withdraw(connection)) this.#refuse(connection);
    }
  }

  /** Main makes its answer at this moment, which may take longer than others may wait. */
  #isAnsweredSoon(connection: Connection, now: number): boolean {
    const waited = this.#waiting.of(connection.queuePosition, now);
    return waited < LONGEST_MAKING_MS && this.#ownAnswerTo(connection.buffer.head()) === SOON;
  }

  /** Decides whether requests are refused that come from now on. */
  #judge(head: number, now: number): void {
    const { queue, isAnyoneFree } = this.#options;
    const expected = this.#expected.look({
      now,
      head,
      length: (queue.tail - head) | 0,
      waited: this.#waiting.of(head, now),
      isAnyoneFree: isAnyoneFree(),
    });
    this.#isRefusing = expected > this.#patience.limit(now);
  }

  /** The connection whose entry stands at a position, and whose client waits. */
  #waitingAt(position: number): Connection | undefined {
    const { queue, registry } = this.#options;
    const connection = registry.byNumber(queue.at(position));
    const isWaiting =
      connection?.isOpen && connection.queuePosition === position && connection.isHandedTo(ANY_WORKER);
    return isWaiting && !connection.isWithdrawn ? connection : undefined;
  }

  /** The request of a connection that main holds or has withdrawn would wait for too long. */
  #refuse(connection: Connection): void {
    const { clock, endings, counts, isMemoryShort } = this.#options;
    const now = clock.now();
    this.#log.refused(now);
    counts.shed[isMemoryShort() ? 'memory' : 'queue']++;
    if (isMemoryShort()) {
      endings.refuse(connection, 503, MEMORY_SHORT, RETRY);
      return;
    }
    this.#patience.needed(now);
    endings.refuse(connection, 503, TOO_LONG, RETRY);
  }
}
