/** Sends a request as often as it is safe and useful, and throws what went wrong at last. */
import { CloudVmError } from '../errors/client-error.ts';
import { CloudVmProblem } from '../errors/problem.ts';
import { Answer } from '../exchange/answer.ts';
import type { OutgoingRequest, Transport } from '../exchange/transport.ts';
import type { CallOptions, Settings } from '../options.ts';
import { requireNumber } from '../options.ts';
import { politeMs } from './backoff.ts';
import { Deadline } from './deadline.ts';
import { pause } from './pause.ts';
import type { RateLimits } from './rate-limits.ts';
import { findsNothing, isPassing, isPending, isRepeatable, mayHaveBeenDone } from './repeatable.ts';

/** What a call has met so far. */
interface Failures {
  /** Attempts that failed. Bounded by `retry.attempts`. */
  passing: number;
  /** Refusals because an operation goes on. Bounded by the time of the call. */
  pending: number;
  /** Whether an attempt may have been carried out although its answer was lost. */
  isUncertain: boolean;
}

export class Sender {
  readonly #transport: Transport;
  readonly #settings: Settings;
  readonly #limits: RateLimits;

  constructor(transport: Transport, settings: Settings, limits: RateLimits) {
    this.#transport = transport;
    this.#settings = settings;
    this.#limits = limits;
  }

  /** @returns the answer, which is a success or 304. @throws CloudVmError, or the reason of the signal */
  async send(request: OutgoingRequest, options: CallOptions): Promise<Answer> {
    const { timeoutMs = this.#settings.timeouts.totalMs, signal, waitWhilePending = false } = options;
    requireNumber('timeoutMs', timeoutMs, 1);
    const deadline = new Deadline(timeoutMs, signal);
    const failures: Failures = { passing: 0, pending: 0, isUncertain: false };
    for (;;) {
      await this.#limits.waitForTurn(deadline);
      const outcome = await this.#attempt(request, deadline);
      if (outcome instanceof Answer) return outcome;
      // The answer to a deletion was lost, and now there is nothing to delete.
      if (failures.isUncertain && findsNothing(request, outcome)) return new Answer(204, {}, '');
      const waitMs = this.#waitBefore(request, outcome, failures, waitWhilePending);
      if (waitMs === undefined || waitMs >= deadline.leftMs) throw outcome;
      await pause(waitMs, signal);
    }
  }

  /** @returns an error that could be worth another attempt. @throws any other */
  async #attempt(request: OutgoingRequest, deadline: Deadline): Promise<Answer | CloudVmError> {
    try {
      const answer = await this.#transport.exchange(request, deadline);
      this.#limits.learn(answer);
      const isExpected = answer.isSuccess || answer.status === 304;
      return isExpected ? answer : new CloudVmProblem(request.operationId, answer);
    } catch (error) {
      if (error instanceof CloudVmError) return error;
      throw error;
    }
  }

  /** @returns undefined if there is to be no other attempt */
  #waitBefore(
    request: OutgoingRequest,
    error: CloudVmError,
    failures: Failures,
    waitWhilePending: boolean,
  ): number | undefined {
    const { retry } = this.#settings;
    const askedMs = error instanceof CloudVmProblem ? error.retryAfterMs : undefined;
    if (waitWhilePending && isPending(error)) {
      failures.pending += 1;
      return politeMs(askedMs, failures.pending, retry);
    }
    if (!isPassing(error) || !isRepeatable(request)) return undefined;
    failures.passing += 1;
    failures.isUncertain ||= mayHaveBeenDone(error);
    return failures.passing < retry.attempts ? politeMs(askedMs, failures.passing, retry) : undefined;
  }
}
