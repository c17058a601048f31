/**
 * Carries operations out. Each worker that has opened the API has a runner. It runs what its own requests
 * begin, and from time to time takes what is due in the database: operations that wait for another attempt,
 * and those of workers that have died.
 *
 * An operation is done once although many may try: a lease gives each attempt one holder
 * (operation-leases.ts), and the target takes the outcome of the latest attempt only (operation-targets.ts).
 * Providers are told the attempt, because a call of a dead worker may still be under way.
 *
 * The order of the two last writes matters. The target comes first, so whoever sees an operation that has
 * finished sees its effect too. A worker that dies between them leaves an operation whose lease ends. The
 * next holder finds that the target no longer waits, and only writes the end of the operation.
 */
import type { ObjectId } from 'mongodb';
import type { ProviderError } from '../../providers/provider.ts';
import type { Providers } from '../../providers/provider-registry.ts';
import { VM_PROVIDERS, type VmProvider } from '../../vms/vm.ts';
import type { OperationDocument } from '../repository/operation-document.ts';
import type { OperationLeases } from '../repository/operation-leases.ts';
import type { OperationTargets } from '../repository/operation-targets.ts';
import { backoffMs } from './backoff.ts';
import { Batches } from './batches.ts';
import { callProvider } from './call-provider.ts';
import type { Leftovers } from './leftovers.ts';

/** A failure that passes by itself is tried again so often. */
export const MAX_FAILURES = 5;
/** Bounds what an operation can do that ends each worker which carries it out. */
export const MAX_ATTEMPTS = 20;
/**
 * From one look for due operations to the next. A look is one read of an index, which usually finds nothing.
 */
const LOOK_INTERVAL_MS = 5_000;
/** Operations that one worker has at a time, of all providers together. */
const MAX_RUNNING = 10_000;
/** How long to wait before a failed write of a success is repeated. */
const REWRITE_MS = 1_000;
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
  /** Called with errors in the background. The failed work is repeated. */
  readonly onError: (error: unknown) => void;
  /** Called when something was written that streams of events should know. */
  readonly onChange: () => void;
}

interface Running {
  readonly operation: OperationDocument;
  readonly controller: AbortController;
  /** Before that nobody has a lease that could be renewed. */
  isStored: boolean;
}

type Failure = Pick<ProviderError, 'message' | 'isPermanent'>;

export class OperationRunner implements AsyncDisposable {
  readonly #options: Required<OperationRunnerOptions>;
  /** By id, from the moment at which they are taken until their end is written. */
  readonly #running = new Map<string, Running>();
  readonly #runningOf = new Map<VmProvider, number>();
  readonly #successes: Batches<OperationDocument>;
  readonly #underWay = new Set<Promise<void>>();
  #lookTimer: NodeJS.Timeout | undefined;
  #renewTimer: NodeJS.Timeout | undefined;
  #isLooking = false;
  /** Something has become free or due that the look under way may have passed already. */
  #mustLookAgain = false;
  /** Something was left in the queue for want of room. */
  #mayHaveQueued = false;
  #isStopped = false;

  constructor(options: OperationRunnerOptions) {
    this.#options = { lookIntervalMs: LOOK_INTERVAL_MS, maxRunning: MAX_RUNNING, ...options };
    this.#successes = new Batches({
      keyOf: ({ kind, attempts }) => `${kind} ${attempts}`,
      write: (operations) => this.#succeed(operations),
      track: (work) => this.#track(work),
    });
  }

  /** How many operations this worker has taken and not finished. */
  get running(): number {
    return this.#running.size;
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
    if (this.#isStopped) return false;
    if (!this.#hasRoomFor(operation.subject.provider)) {
      this.#mayHaveQueued = true;
      return false;
    }
    this.#options.leases.takeUnstored(operation);
    this.#add(operation);
    return true;
  }

  cancel(operation: OperationDocument): void {
    this.#delete(operation);
  }

  /** Runs an operation that this worker has reserved. */
  run(operation: OperationDocument): void {
    const running = this.#find(operation);
    if (running === undefined || this.#isStopped) return;
    running.isStored = true;
    this.#track(this.#carryOut(running));
  }

  /** Takes and runs a queued operation that is stored. */
  offer(id: ObjectId): void {
    if (this.#isStopped) return;
    this.#track(this.#runFree(id));
  }

  /** Breaks off what is under way, gives it back, and waits for writes. Other workers go on with it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#lookTimer);
    clearInterval(this.#renewTimer);
    await this.#successes.flush();
    const left = Array.from(this.#running.values());
    for (const { controller } of left) controller.abort();
    await Promise.all(this.#underWay);
    if (left.length === 0) return;
    await this.#inBackground(() => this.#options.leases.release(left.map(({ operation }) => operation._id)));
    this.#running.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #runFree(id: ObjectId): Promise<void> {
    await this.#inBackground(async () => {
      const operation = await this.#options.leases.takeFree(id);
      if (operation !== undefined) this.#runTaken(operation);
    });
  }

  #runTaken(operation: OperationDocument): void {
    this.#add(operation);
    this.run(operation);
  }

  async #carryOut({ operation, controller }: Running): Promise<void> {
    const progress = await this.#inBackground(() => this.#attempt(operation, controller.signal));
    // What waits for its batch is still running. After an error, the operation is taken again when its lease
    // ends. While stopping, it is given back.
    if (progress !== 'batched' && !this.#isStopped) this.#delete(operation);
    if (progress === 'done') this.#options.onChange();
  }

  /** @returns 'batched' if its success will be written with others */
  async #attempt(operation: OperationDocument, signal: AbortSignal): Promise<'batched' | 'done'> {
    if (operation.attempts > 1 && !(await this.#isAwaited(operation))) return 'done';
    if (operation.attempts > MAX_ATTEMPTS) {
      await this.#fail(operation, `given up after ${MAX_ATTEMPTS} attempts`);
      return 'done';
    }
    if (!(await this.#options.leftovers.isWanted(operation))) {
      await this.#options.leases.discard(operation);
      return 'done';
    }
    const failure = await this.#call(operation, signal);
    if (signal.aborted) return 'done';
    if (failure === undefined) {
      this.#successes.add(operation);
      return 'batched';
    }
    if (failure.isPermanent || operation.failures + 1 >= MAX_FAILURES) {
      await this.#fail(operation, failure.message);
    } else {
      await this.#postpone(operation, failure.message);
    }
    return 'done';
  }

  /** An earlier attempt may have settled the target already. Then only the operation is left to finish. */
  async #isAwaited(operation: OperationDocument): Promise<boolean> {
    const state = await this.#options.targets.fence(operation);
    if (state === 'waiting') return true;
    await this.#conclude(operation, state);
    return false;
  }

  /** @returns why it failed, or undefined if it did not */
  async #call(operation: OperationDocument, signal: AbortSignal): Promise<Failure | undefined> {
    try {
      await callProvider(this.#options.providers, operation, signal);
      await this.#options.leftovers.tidy(operation);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      return this.#describe(error);
    }
  }

  #describe(error: unknown): Failure {
    if (isProviderError(error)) return error;
    // The message of any other error may hold what clients must not read.
    this.#options.onError(error);
    return { message: 'the provider has failed', isPermanent: false };
  }

  /** One write for the targets and one for the operations, because a write costs more than one more in it. */
  async #succeed(operations: readonly OperationDocument[]): Promise<void> {
    const [first] = operations;
    if (first === undefined) return;
    const { targets, leases, onError, onChange } = this.#options;
    try {
      if (await targets.succeed(operations)) {
        const ids = operations.map(({ _id }) => _id);
        await leases.finish(ids, first.attempts, { status: 'succeeded' });
      } else {
        for (const operation of operations) {
          await this.#conclude(operation, await targets.stateOf(operation));
        }
      }
      for (const operation of operations) this.#delete(operation);
      onChange();
    } catch (error) {
      onError(error);
      this.#succeedLater(operations);
    }
  }

  /** The work is done. It would be a waste to give it back because the database is away for a moment. */
  #succeedLater(operations: readonly OperationDocument[]): void {
    if (this.#isStopped) return;
    setTimeout(() => {
      for (const operation of operations) {
        // Unless the lease was lost meanwhile.
        if (this.#find(operation) !== undefined) this.#successes.add(operation);
      }
    }, REWRITE_MS).unref();
  }

  async #fail(operation: OperationDocument, error: string): Promise<void> {
    const { targets, leases } = this.#options;
    if (await targets.fail(operation)) {
      await leases.finish([operation._id], operation.attempts, { status: 'failed', error });
    } else {
      await this.#conclude(operation, await targets.stateOf(operation));
    }
  }

  /** Writes the end of an operation whose target does not wait for this attempt. */
  async #conclude(
    { _id, attempts, error }: OperationDocument,
    state: Awaited<ReturnType<OperationTargets['stateOf']>>,
  ): Promise<void> {
    const { leases } = this.#options;
    // Another worker has taken it, and will finish it. Or the target was slow: the lease ends, and it is
    // tried again.
    if (state === 'superseded' || state === 'waiting') return;
    if (state === 'succeeded') await leases.finish([_id], attempts, { status: 'succeeded' });
    else {
      const reason = state === 'gone' ? 'it was deleted' : (error ?? 'the provider has failed');
      await leases.finish([_id], attempts, { status: 'failed', error: reason });
    }
  }

  async #postpone(operation: OperationDocument, error: string): Promise<void> {
    const waitMs = backoffMs(operation.failures + 1);
    await this.#options.leases.postpone(operation, new Date(Date.now() + waitMs), error);
    // Rounded up, because an operation that is not due yet would wait for the next look.
    if (!this.#isStopped) setTimeout(() => this.#track(this.#look()), waitMs + 1).unref();
  }

  async #renew(): Promise<void> {
    const held = Array.from(this.#running.values()).filter(({ isStored }) => isStored);
    if (held.length === 0) return;
    await this.#inBackground(async () => {
      const kept = await this.#options.leases.renew(held.map(({ operation }) => operation._id));
      for (const { operation, controller } of held) {
        if (kept.has(operation._id.toHexString())) continue;
        controller.abort();
        this.#delete(operation);
      }
    });
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
    let mayHaveMore = false;
    await this.#inBackground(async () => {
      mayHaveMore = await this.#takeDue();
      await this.#options.leftovers.look();
    });
    this.#isLooking = false;
    if (this.#isStopped) return;
    const { lookIntervalMs } = this.#options;
    const delayMs = mayHaveMore || this.#mustLookAgain ? 0 : lookIntervalMs * (0.75 + Math.random() / 2);
    this.#lookTimer = setTimeout(() => this.#track(this.#look()), delayMs).unref();
  }

  /** @returns whether there may be more to take */
  async #takeDue(): Promise<boolean> {
    for (let taken = 0; taken < MAX_TAKEN; taken += 1) {
      const withRoom = VM_PROVIDERS.filter(this.#hasRoomFor);
      if (withRoom.length < VM_PROVIDERS.length) this.#mayHaveQueued = true;
      const operation = this.#isStopped ? undefined : await this.#options.leases.takeDue(withRoom);
      if (operation === undefined) return false;
      this.#runTaken(operation);
    }
    return true;
  }

  readonly #hasRoomFor = (provider: VmProvider): boolean => {
    const { maxRunning, providers } = this.#options;
    if (this.#running.size >= maxRunning) return false;
    return (this.#runningOf.get(provider) ?? 0) < providers[provider].concurrency;
  };

  /** @returns undefined if this worker has lost it, also if it has taken it again in another attempt */
  #find(operation: OperationDocument): Running | undefined {
    const running = this.#running.get(operation._id.toHexString());
    return running?.operation === operation ? running : undefined;
  }

  #add(operation: OperationDocument): void {
    const id = operation._id.toHexString();
    const earlier = this.#running.get(id);
    if (earlier !== undefined) {
      // Its lease has ended, because the database was away for so long.
      earlier.controller.abort();
      this.#delete(earlier.operation);
    }
    this.#running.set(id, { operation, controller: new AbortController(), isStored: false });
    const { provider } = operation.subject;
    this.#runningOf.set(provider, (this.#runningOf.get(provider) ?? 0) + 1);
  }

  #delete(operation: OperationDocument): void {
    if (this.#find(operation) === undefined) return;
    this.#running.delete(operation._id.toHexString());
    const { provider } = operation.subject;
    this.#runningOf.set(provider, (this.#runningOf.get(provider) ?? 0) - 1);
    if (!this.#mayHaveQueued || this.#isStopped) return;
    this.#mayHaveQueued = false;
    this.#track(this.#look());
  }

  async #inBackground<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  /** Lets `stop` wait for the work, which never rejects. */
  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }
}

function isProviderError(error: unknown): error is ProviderError {
  // By its code, because a provider's module may have been loaded with classes of its own.
  return error instanceof Error && 'code' in error && error.code === 'ERR_PROVIDER';
}
