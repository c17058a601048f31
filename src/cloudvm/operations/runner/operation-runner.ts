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
/** How long one call of a provider may take. */
const CALL_TIMEOUT_MS = 900_000;
/** How long a call may take to end after its signal. */
const GRACE_MS = 2_000;
const MAX_ERROR_CHARACTERS = 1_000;
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
  readonly onError: (error: unknown) => void;
  /** Called when something was written that streams of events should know. */
  readonly onChange: () => void;
}

interface Running {
  readonly operation: OperationDocument;
  readonly controller: AbortController;
  /** In milliseconds since 1970. */
  readonly begun: number;
  /** Before that nobody has a lease that could be renewed. */
  isStored: boolean;
}

type Failure = Pick<ProviderError, 'message' | 'isPermanent'>;

/** The reason of the signal of a call that is broken off because it takes too long. */
const TIMED_OUT: Failure = { message: 'the provider has taken too long', isPermanent: false };

export class OperationRunner implements AsyncDisposable {
  readonly #options: Required<OperationRunnerOptions>;
  /** By id, from the moment at which they are taken until their end is written. */
  readonly #running = new Map<string, Running>();
  /** Places that are taken, also by what is about to be taken from the database. */
  readonly #placesTaken = new Map<VmProvider, number>();
  readonly #successes: Batches<OperationDocument>;
  readonly #underWay = new Set<Promise<void>>();
  #lookTimer: NodeJS.Timeout | undefined;
  #renewTimer: NodeJS.Timeout | undefined;
  #isLooking = false;
  /** Something has become free or due that the look under way may have passed already. */
  #mustLookAgain = false;
  /** Providers of which something was left in the queue for want of a place. */
  readonly #queued = new Set<VmProvider>();
  #isStopped = false;

  constructor(options: OperationRunnerOptions) {
    this.#options = {
      lookIntervalMs: LOOK_INTERVAL_MS,
      maxRunning: MAX_RUNNING,
      callTimeoutMs: CALL_TIMEOUT_MS,
      graceMs: GRACE_MS,
      ...options,
    };
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
    if (!this.#hasPlaceAt(operation.subject.provider)) return false;
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

  /** Takes and runs a queued operation that is stored, if there is room. Otherwise it stays queued. */
  offer({ _id, subject: { provider } }: OperationDocument): void {
    const { leases } = this.#options;
    this.#track(
      this.#inBackground(async () => {
        await this.#takeOne(provider, () => leases.takeFree(_id));
      }),
    );
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
    if (signal.aborted && signal.reason !== TIMED_OUT) return 'done';
    if (failure === undefined) {
      this.#successes.add(operation);
      return 'batched';
    }
    if (failure.isPermanent || (operation.failures + 1 >= MAX_FAILURES && !isRemoval(operation))) {
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
      await callProvider(this.#options.providers, operation, signal, this.#options.graceMs);
      await this.#options.leftovers.tidy(operation);
      return undefined;
    } catch (error) {
      if (signal.aborted) return signal.reason === TIMED_OUT ? TIMED_OUT : undefined;
      return this.#describe(error);
    }
  }

  #describe(error: unknown): Failure {
    if (isProviderError(error)) {
      return { message: shortened(String(error.message)), isPermanent: error.isPermanent === true };
    }
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
    const { targets, leases, onError } = this.#options;
    if (isRemoval(operation)) {
      const { vmId, subject } = operation;
      onError(new Error(`What belongs to VM ${vmId} is still at the provider ${subject.provider}: ${error}`));
    }
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
    const tooLong = Date.now() - this.#options.callTimeoutMs;
    for (const { begun, controller } of held) if (begun < tooLong) controller.abort(TIMED_OUT);
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
    const { leases } = this.#options;
    for (let taken = 0; taken < MAX_TAKEN; taken += 1) {
      if (!(await this.#takeOne(provider, () => leases.takeDue(provider)))) return false;
    }
    return true;
  }

  /** @returns whether there was something to take, and a place for it */
  async #takeOne(provider: VmProvider, take: () => Promise<OperationDocument | undefined>): Promise<boolean> {
    if (this.#isStopped || !this.#hasPlaceAt(provider)) return false;
    this.#countPlaces(provider, 1);
    let operation: OperationDocument | undefined;
    try {
      operation = await take();
    } finally {
      this.#countPlaces(provider, -1);
    }
    if (operation === undefined) {
      // The place was reserved, and something else may have been left in the queue for want of it.
      this.#refill();
      return false;
    }
    this.#add(operation);
    this.run(operation);
    return true;
  }

  #hasPlaceAt(provider: VmProvider): boolean {
    const { maxRunning, providers } = this.#options;
    const taken = this.#placesTaken.get(provider) ?? 0;
    if (this.#running.size < maxRunning && taken < providers[provider].concurrency) return true;
    this.#queued.add(provider);
    return false;
  }

  #countPlaces(provider: VmProvider, change: 1 | -1): void {
    this.#placesTaken.set(provider, (this.#placesTaken.get(provider) ?? 0) + change);
  }

  /** Takes the next one for the place that has become free. */
  #refill(): void {
    if (this.#isStopped) return;
    const queued = [...this.#queued];
    this.#queued.clear();
    for (const provider of queued) {
      this.#track(
        this.#inBackground(async () => {
          const { leases } = this.#options;
          // If there is one, there may be more, for the next place.
          if (await this.#takeOne(provider, () => leases.takeDue(provider))) this.#queued.add(provider);
        }),
      );
    }
  }

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
    this.#running.set(id, {
      operation,
      controller: new AbortController(),
      begun: Date.now(),
      isStored: false,
    });
    this.#countPlaces(operation.subject.provider, 1);
  }

  #delete(operation: OperationDocument): void {
    if (this.#find(operation) === undefined) return;
    this.#running.delete(operation._id.toHexString());
    this.#countPlaces(operation.subject.provider, -1);
    this.#refill();
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

/** Nobody can ask for it again, so it is tried as often as an operation may be. */
function isRemoval({ kind }: OperationDocument): boolean {
  return kind === 'remove' || kind === 'removeSnapshot';
}

function shortened(message: string): string {
  return message.length <= MAX_ERROR_CHARACTERS ? message : `${message.slice(0, MAX_ERROR_CHARACTERS - 1)}…`;
}
