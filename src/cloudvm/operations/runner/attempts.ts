/**
 * One attempt to carry an operation out: from the fence to the end of the operation.
 *
 * The order of the writes matters. The target comes before the end of the operation, so whoever sees an
 * operation that has finished sees its effect too. A worker that dies between them leaves an operation whose
 * lease ends. The next holder finds that the target no longer waits, and only writes the end. How it has
 * ended it knows from the operation itself, since a failure is noted there before it is written to the
 * target.
 */
import type { ProviderError } from '../../providers/provider.ts';
import type { Providers } from '../../providers/provider-registry.ts';
import type { ReportTrouble } from '../../report-trouble.ts';
import { type OperationDocument, requestOf } from '../repository/operation-document.ts';
import type { OperationLeases } from '../repository/operation-leases.ts';
import type { OperationTargets, TargetState } from '../repository/operation-targets.ts';
import { backoffMs } from './backoff.ts';
import { callProvider } from './call-provider.ts';
import type { Leftovers } from './leftovers.ts';

/** A failure that passes by itself is tried again so often. */
export const MAX_FAILURES = 5;
/** Bounds what an operation can do that ends each worker which carries it out. */
export const MAX_ATTEMPTS = 20;
const MAX_ERROR_CHARACTERS = 1_000;

export interface AttemptsOptions {
  readonly leases: OperationLeases;
  readonly targets: OperationTargets;
  readonly leftovers: Leftovers;
  readonly providers: Providers;
  /** How long a call may take to end after its signal. */
  readonly graceMs: number;
  readonly onError: ReportTrouble;
}

/**
 * How an attempt has gone on: the provider has succeeded, which is to be written. Or it is to be tried again
 * after some milliseconds. Or nothing is left to do.
 */
export type Progress = 'succeeded' | 'done' | { readonly againAfterMs: number };

type Failure = Pick<ProviderError, 'message' | 'isPermanent'>;

/** The reason of the signal of a call that is broken off because it takes too long. */
export const TIMED_OUT: Failure = { message: 'the provider has taken too long', isPermanent: false };

export class Attempts {
  readonly #options: AttemptsOptions;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  async make(operation: OperationDocument, signal: AbortSignal): Promise<Progress> {
    const { leases, leftovers } = this.#options;
    if (operation.attempts > 1 && !(await this.#isAwaited(operation))) return 'done';
    if (operation.attempts > MAX_ATTEMPTS) {
      await this.#fail(operation, `given up after ${MAX_ATTEMPTS} attempts`);
      return 'done';
    }
    if (!(await leftovers.isWanted(operation))) {
      await leases.discard(operation);
      return 'done';
    }
    const failure = await this.#call(operation, signal);
    if (signal.aborted && signal.reason !== TIMED_OUT) return 'done';
    if (failure === undefined) return 'succeeded';
    if (!failure.isPermanent && (operation.failures + 1 < MAX_FAILURES || isRemoval(operation))) {
      return this.#postpone(operation, failure.message);
    }
    await this.#fail(operation, failure.message);
    return 'done';
  }

  /**
   * One write for the targets and one for the operations, because a write costs more than one more in it.
   * @param operations of one kind, in the same attempt, that have succeeded
   */
  async writeSuccess(operations: readonly OperationDocument[]): Promise<void> {
    const [first] = operations;
    if (first === undefined) return;
    const { targets, leases } = this.#options;
    if (await targets.succeed(operations)) {
      const ids = operations.map(({ _id }) => _id);
      await leases.finish(ids, first.attempts, { status: 'succeeded' });
      return;
    }
    for (const operation of operations) await this.#conclude(operation, await targets.stateOf(operation));
  }

  /** An earlier attempt may have settled the target already. Then only the operation is left to finish. */
  async #isAwaited(operation: OperationDocument): Promise<boolean> {
    const { targets, leases } = this.#options;
    const state = await targets.fence(operation);
    if (state !== 'waiting') {
      await this.#conclude(operation, state);
      return false;
    }
    // The failure that an earlier attempt has noted was never written, and cannot be written any more.
    return operation.isFailing !== true || leases.note(operation, null);
  }

  /** @returns why it failed, or undefined if it did not */
  async #call(operation: OperationDocument, signal: AbortSignal): Promise<Failure | undefined> {
    const { providers, leftovers, graceMs } = this.#options;
    try {
      await callProvider(providers, operation, signal, graceMs);
      await leftovers.tidy(operation);
      return undefined;
    } catch (error) {
      if (signal.aborted) return signal.reason === TIMED_OUT ? TIMED_OUT : undefined;
      return this.#describe(error, operation);
    }
  }

  #describe(error: unknown, operation: OperationDocument): Failure {
    if (isProviderError(error)) {
      return { message: shortened(String(error.message)), isPermanent: error.isPermanent === true };
    }
    // The message of any other error may hold what clients must not read.
    this.#options.onError(error, requestOf(operation));
    return { message: 'the provider has failed', isPermanent: false };
  }

  async #postpone(operation: OperationDocument, error: string): Promise<Progress> {
    const againAfterMs = backoffMs(operation.failures + 1);
    await this.#options.leases.postpone(operation, new Date(Date.now() + againAfterMs), error);
    return { againAfterMs };
  }

  async #fail(operation: OperationDocument, error: string): Promise<void> {
    const { targets, leases, onError } = this.#options;
    if (isRemoval(operation)) {
      const { vmId, subject } = operation;
      const left = `What belongs to VM ${vmId} is still at the provider ${subject.provider}: ${error}`;
      onError(new Error(left), requestOf(operation));
    }
    // Whoever has taken it meanwhile decides.
    if (!(await leases.note(operation, error))) return;
    const failing = { ...operation, isFailing: true, error };
    if (await targets.fail(failing)) {
      await leases.finish([operation._id], operation.attempts, { status: 'failed', error });
    } else {
      await this.#conclude(failing, await targets.stateOf(failing));
    }
  }

  /** Writes the end of an operation whose target does not wait for this attempt. */
  async #conclude(operation: OperationDocument, state: TargetState): Promise<void> {
    // Another worker has taken it, and will finish it. Or the target was slow: the lease ends, and it is
    // tried again.
    if (state === 'superseded' || state === 'waiting') return;
    const { _id, attempts, isFailing = false, error } = operation;
    const { leases } = this.#options;
    if (state === 'gone') await leases.finish([_id], attempts, { status: 'failed', error: 'it was deleted' });
    else if (!isFailing) await leases.finish([_id], attempts, { status: 'succeeded' });
    else
      await leases.finish([_id], attempts, { status: 'failed', error: error ?? 'the provider has failed' });
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
