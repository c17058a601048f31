/**
 * Carries operations out. Each worker that has opened the API has a runner. It runs what its own requests
 * begin, and from time to time takes what is due in the database: operations that wait for another attempt,
 * and those of workers that have died.
 *
 * An operation is done once although many may try: a lease gives each attempt one holder
 * (operation-leases.ts), and the target takes the outcome of the latest attempt only (operation-targets.ts).
 * Providers are told the attempt, because a call of a dead worker may still be under way.
 */
import type { RequestIdentity } from '../../../runtime/application.ts';
import type { Providers } from '../../providers/provider-registry.ts';
import type { ReportTrouble } from '../../report-trouble.ts';
import { VM_PROVIDERS, type VmProvider } from '../../vms/vm.ts';
import { type OperationDocument, requestOf } from '../repository/operation-document.ts';
import type { OperationLeases } from '../repository/operation-leases.ts';
import type { OperationTargets } from '../repository/operation-targets.ts';
import { Attempts, TIMED_OUT } from './attempts.ts';
import { Batches } from './batches.ts';
import { type HeldOperation, HeldOperations } from './held-operations.ts';
import type { Leftovers } from './leftovers.ts';

/**
 * From one look for due operations to the next. A look is one read of an index, which usually finds nothing.
 */
const LOOK_INTERVAL_MS = 5_000;
/** Operations that one worker has at a time, of all providers together. */
const MAX_RUNNING = 10_000;
/** How long to wait before a failed write of a success is repeated. */
const REWRITE_MS = 1_000;
/** How long one call of a provider may take. */
const CALL_TIMEOUT_MS = 900_000;
/** How long a call may take to end after its signal. */
const GRACE_MS = 2_000;
/** Operations that one look takes. The next follows at once if there may be more. */
const MAX_TAKEN = 100;

export interface OperationRunnerOptions {
  readonly leases: OperationLeases;
  readonly targets: OperationTargets;
  readonly leftovers: Leftovers;
  readonly providers: Providers;
  readonly leaseMs: number;
  readonly lookIntervalMs?: number;
  readonly maxRunning?: number;
  readonly callTimeoutMs?: number;
  readonly graceMs?: number;
  /** Called with errors in the background. The failed work is repeated. */
  readonly onError: ReportTrouble;
  /** Called when something was written that streams of events should know. */
  readonly onChange: () => void;
}

export class OperationRunner implements AsyncDisposable {
  readonly #options: Required<OperationRunnerOptions>;
  readonly #held: HeldOperations;
  readonly #attempts: Attempts;
  readonly #successes: Batches<OperationDocument>;
  readonly #underWay = new Set<Promise<void>>();
  #lookTimer: NodeJS.Timeout | undefined;
  #renewTimer: NodeJS.Timeout | undefined;
  #isLooking = false;
  /** Something has become free or due that the look under way may have passed already. */
  #mustLookAgain = false;
  #isStopped = false;

  constructor(options: OperationRunnerOptions) {
    this.#options = {
      lookIntervalMs: LOOK_INTERVAL_MS,
      maxRunning: MAX_RUNNING,
      callTimeoutMs: CALL_TIMEOUT_MS,
      graceMs: GRACE_MS,
      ...options,
    };
    this.#held = new HeldOperations({
      providers: options.providers,
      maxHeld: this.#options.maxRunning,
      onRoom: (provider) => this.#refill(provider),
    });
    this.#attempts = new Attempts(this.#options);
    this.#successes = new Batches({
      keyOf: ({ kind, attempts }) => `${kind} ${attempts}`,
      write: (operations) => this.#writeSuccess(operations),
      track: (work) => this.#track(work),
    });
  }

  /** How many operations this worker has taken and not finished. */
  get running(): number {
    return this.#held.size;
  }

  /** Looks for due operations in the background, until `stop`. */
  start(): void {
    const { leaseMs } = this.#options;
    this.#renewTimer = setInterval(() => this.#track(this.#renew()), leaseMs / 3).unref();
    this.#track(this.#look());
  }

  /**
   * Takes an operation before it is stored, if there is room. Otherwise it stays queued.
   * @returns whether to call `run` once it is stored, or `cancel` if it cannot be stored
   */
  reserve(operation: OperationDocument): boolean {
    if (this.#isStopped || !this.#held.hasPlaceAt(operation.subject.provider)) return false;
    this.#options.leases.takeUnstored(operation);
    this.#held.add(operation);
    return true;
  }

  cancel(operation: OperationDocument): void {
    this.#held.delete(operation);
  }

  /** Runs an operation that this worker has reserved. */
  run(operation: OperationDocument): void {
    const held = this.#held.find(operation);
    if (held === undefined || this.#isStopped) return;
    held.isStored = true;
    this.#track(this.#carryOut(held));
  }

  /** Takes and runs a queued operation that is stored, if there is room. Otherwise it stays queued. */
  offer({ _id, subject: { provider } }: OperationDocument): void {
    const { leases } = this.#options;
    this.#inBackground(async () => {
      await this.#takeOne(provider, () => leases.takeFree(_id));
    });
  }

  /** Breaks off what is under way, gives it back, and waits for writes. Other workers go on with it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#lookTimer);
    clearInterval(this.#renewTimer);
    await this.#successes.flush();
    const left = this.#held.all();
    for (const { controller } of left) controller.abort();
    await Promise.all(this.#underWay);
    if (left.length === 0) return;
    await this.#reported(() => this.#options.leases.release(left.map(({ operation }) => operation._id)));
    this.#held.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #carryOut({ operation, controller }: HeldOperation): Promise<void> {
    const progress = await this.#reported(
      () => this.#attempts.make(operation, controller.signal),
      requestOf(operation),
    );
    if (progress === 'succeeded') {
      this.#successes.add(operation);
      return;
    }
    // After an error, the operation is taken again when its lease ends. While stopping, it is given back.
    if (!this.#isStopped) this.#held.delete(operation);
    if (progress === undefined) return;
    this.#options.onChange();
    if (progress !== 'done') this.#lookAfter(progress.againAfterMs);
  }

  async #writeSuccess(operations: readonly OperationDocument[]): Promise<void> {
    const { onError, onChange } = this.#options;
    try {
      await this.#attempts.writeSuccess(operations);
      for (const operation of operations) this.#held.delete(operation);
      onChange();
    } catch (error) {
      onError(error);
      this.#writeSuccessLater(operations);
    }
  }

  /** The work is done. It would be a waste to give it back because the database is away for a moment. */
  #writeSuccessLater(operations: readonly OperationDocument[]): void {
    if (this.#isStopped) return;
    setTimeout(() => {
      for (const operation of operations) {
        // Unless the lease was lost meanwhile.
        if (this.#held.find(operation) !== undefined) this.#successes.add(operation);
      }
    }, REWRITE_MS).unref();
  }

  async #renew(): Promise<void> {
    const held = this.#held.all().filter(({ isStored }) => isStored);
    if (held.length === 0) return;
    const tooLong = Date.now() - this.#options.callTimeoutMs;
    for (const { begun, controller } of held) if (begun < tooLong) controller.abort(TIMED_OUT);
    await this.#reported(async () => {
      const kept = await this.#options.leases.renew(held.map(({ operation }) => operation._id));
      for (const { operation, controller } of held) {
        if (kept.has(operation._id.toHexString())) continue;
        controller.abort();
        this.#held.delete(operation);
      }
    });
  }

  /** Rounded up, because an operation that is not due yet would wait for the next look. */
  #lookAfter(milliseconds: number): void {
    if (!this.#isStopped) setTimeout(() => this.#track(this.#look()), milliseconds + 1).unref();
  }

  /** Takes what is due, as far as there is room. */
  async #look(): Promise<void> {
    if (this.#isStopped) return;
    if (this.#isLooking) {
      this.#mustLookAgain = true;
      return;
    }
    this.#isLooking = true;
    this.#mustLookAgain = false;
    clearTimeout(this.#lookTimer);
    const mayHaveMore = await this.#reported(async () => {
      const more = await this.#takeDue();
      await this.#options.leftovers.look();
      return more;
    });
    this.#isLooking = false;
    if (this.#isStopped) return;
    const { lookIntervalMs } = this.#options;
    const delayMs = mayHaveMore || this.#mustLookAgain ? 0 : lookIntervalMs * (0.75 + Math.random() / 2);
    this.#lookTimer = setTimeout(() => this.#track(this.#look()), delayMs).unref();
  }

  /** @returns whether there may be more to take */
  async #takeDue(): Promise<boolean> {
    let mayHaveMore = false;
    // One query for each provider, because each is one range of the index, and those that have no place
    // would be in the way of the others.
    for (const provider of VM_PROVIDERS) {
      if (await this.#takeDueOf(provider)) mayHaveMore = true;
    }
    return mayHaveMore;
  }

  /** @returns whether there may be more to take */
  async #takeDueOf(provider: VmProvider): Promise<boolean> {
    for (let taken = 0; taken < MAX_TAKEN; taken += 1) {
      if (!(await this.#takeNext(provider))) return false;
    }
    return true;
  }

  #takeNext(provider: VmProvider): Promise<boolean> {
    return this.#takeOne(provider, () => this.#options.leases.takeDue(provider));
  }

  /** @returns whether there was something to take, and a place for it */
  async #takeOne(provider: VmProvider, take: () => Promise<OperationDocument | undefined>): Promise<boolean> {
    if (this.#isStopped || !this.#held.hasPlaceAt(provider)) return false;
    const operation = await this.#held.whileTaking(provider, take);
    if (operation === undefined) return false;
    this.#held.add(operation);
    this.run(operation);
    return true;
  }

  /** Takes the next one for the place that has become free. */
  #refill(provider: VmProvider): void {
    if (this.#isStopped) return;
    this.#inBackground(async () => {
      // If there is one, there may be more, for the next place.
      if (await this.#takeNext(provider)) this.#held.wantPlaceAt(provider);
    });
  }

  #inBackground(work: () => Promise<void>): void {
    this.#track(this.#reported(work));
  }

  /** Never rejects. */
  async #reported<Result>(
    work: () => Promise<Result>,
    request?: RequestIdentity,
  ): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.onError(error, request);
      return undefined;
    }
  }

  /** Lets `stop` wait for the work, which never rejects. */
  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }
}
