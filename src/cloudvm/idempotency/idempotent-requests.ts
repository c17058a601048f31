/**
 * Carries out a request with an Idempotency-Key once, however often it is sent within 24 hours, and to
 * whichever worker or process. README.md argues the protocol.
 */
import type { Request, Response } from '../../runtime/application.ts';
import { userIdOf } from '../accounts/tokens/require-user.ts';
import { requireObjectId } from '../database/object-id.ts';
import type { OperationRepository } from '../operations/repository/operation-repository.ts';
import { serverBusy } from '../unavailable.ts';
import { VmQuota } from '../vms/vm-quota.ts';
import { type Answer, REPLAYED, sendAnswer } from './answer.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type KeyDocument, type KeyedRequest, keyIdOf, REMEMBERED_MS } from './key-document.ts';
import { KeyInUseError, KeyReusedError, TooManyKeysError } from './key-errors.ts';
import type { KeyRepository } from './key-repository.ts';
import type { Draft, Work } from './plan.ts';

/** An attempt that takes longer is believed dead. If it is not, nothing is lost but the work. */
const LEASE_MS = 5_000;
/** Most attempts take some milliseconds, so whoever asks again soon will be served. */
const USUALLY_DONE_AFTER_MS = 1_000;
/** Others may change the VM between the plan and its execution. */
const MAX_PLANS = 10;

export interface IdempotentRequestsOptions {
  readonly keys: KeyRepository;
  readonly operations: Pick<OperationRepository, 'isStored'>;
  readonly maxKeysPerUser: number;
  /** Called now and then, in the background. */
  readonly onStored: () => void;
  readonly leaseMs?: number;
}

export interface Outcome {
  readonly answer: Answer;
  /** An earlier request with the key has been carried out, and this is its answer. */
  readonly isReplayed: boolean;
}

export class IdempotentRequests {
  readonly #options: Required<IdempotentRequestsOptions>;
  readonly #quota: VmQuota;

  constructor(options: IdempotentRequestsOptions) {
    const { keys, maxKeysPerUser } = options;
    this.#options = { leaseMs: LEASE_MS, ...options };
    this.#quota = new VmQuota({
      max: maxKeysPerUser,
      count: (ownerId, limit) => keys.countUpTo(ownerId, limit),
    });
  }

  /** Answers a request that has a key. @param body as it has passed its schema */
  async answer(request: Request, response: Response, key: string, body: unknown, work: Work): Promise<void> {
    const keyed = { ownerId: userIdOf(request), key, fingerprint: fingerprintOf(request, body) };
    const { answer, isReplayed } = await this.perform(keyed, work);
    if (isReplayed) response.header(REPLAYED, 'true');
    sendAnswer(response, answer);
  }

  /** @throws KeyReusedError, KeyInUseError, TooManyKeysError, and what the work throws */
  async perform(request: KeyedRequest, work: Work): Promise<Outcome> {
    const draft = await this.#drawUnlessKnown(request, work);
    const known = 'attempt' in draft ? draft : await this.#begin(request, draft, work);
    return 'attempt' in known ? this.#repeat(known, request, work) : known;
  }

  /** What was done already may make the same request impossible now. So a refusal looks for the key first. */
  async #drawUnlessKnown(request: KeyedRequest, work: Work): Promise<Draft | KeyDocument> {
    try {
      const draft = await work.draw();
      await this.#refuseTooMany(request.ownerId);
      return draft;
    } catch (refusal) {
      const known = await this.#options.keys.find(keyIdOf(request));
      if (known === undefined) throw refusal;
      return known;
    }
  }

  async #refuseTooMany(ownerId: string): Promise<void> {
    if (!(await this.#quota.isNear(ownerId)) || !(await this.#quota.isFull(ownerId))) return;
    throw new TooManyKeysError(this.#quota.max, await this.#options.keys.nextExpiry(ownerId));
  }

  /** @returns the key, if an earlier request has stored it */
  async #begin(request: KeyedRequest, draft: Draft, work: Work): Promise<Outcome | KeyDocument> {
    const { keys, leaseMs, onStored } = this.#options;
    const now = Date.now();
    const mine: KeyDocument = {
      _id: keyIdOf(request),
      ownerId: requireObjectId(request.ownerId),
      fingerprint: request.fingerprint,
      attempt: 1,
      leaseEndsAt: new Date(now + leaseMs),
      plan: draft.plan,
      expiresAt: new Date(now + REMEMBERED_MS),
    };
    const known = await keys.insertUnlessThere(mine);
    if (known !== undefined) return known;
    onStored();
    return this.#releaseIfRefused(mine, async () => ({
      answer: (await draft.carryOut()) ? draft.plan.answer : await this.#drawAgain(mine, work),
      isReplayed: false,
    }));
  }

  async #repeat(known: KeyDocument, request: KeyedRequest, work: Work): Promise<Outcome> {
    const { keys, leaseMs } = this.#options;
    const { fingerprint, plan } = known;
    if (fingerprint !== request.fingerprint) throw new KeyReusedError();
    if (await this.#options.operations.isStored(request.ownerId, plan.operationId)) {
      return { answer: plan.answer, isReplayed: true };
    }
    this.#refuseWhileLeased(known);
    const mine = await keys.takeOver(known, new Date(Date.now() + leaseMs));
    if (mine === undefined) throw new KeyInUseError(0);
    return this.#releaseIfRefused(mine, async () => {
      if (await work.resume(mine.plan)) return { answer: mine.plan.answer, isReplayed: true };
      return { answer: await this.#drawAgain(mine, work), isReplayed: false };
    });
  }

  #refuseWhileLeased({ leaseEndsAt }: KeyDocument): void {
    const leftMs = leaseEndsAt.getTime() - Date.now();
    if (leftMs <= 0) return;
    const isYoung = leftMs > this.#options.leaseMs - USUALLY_DONE_AFTER_MS;
    throw new KeyInUseError(isYoung ? 0 : leftMs);
  }

  /** @returns the answer of the plan that was done in the end */
  async #drawAgain(mine: KeyDocument, work: Work): Promise<Answer> {
    for (let count = 1; count < MAX_PLANS; count += 1) {
      const draft = await work.draw();
      // From here on nobody looks for what earlier plans would have made.
      if (!(await this.#options.keys.changePlan(mine, draft.plan))) throw new KeyInUseError(0);
      if (await draft.carryOut()) return draft.plan.answer;
    }
    throw serverBusy(undefined);
  }

  /** A repetition looks into what was done, so it may begin at once, even if the outcome is unknown. */
  async #releaseIfRefused(mine: KeyDocument, attempt: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await attempt();
    } catch (refusal) {
      // If it cannot be written, the lease ends by itself.
      await this.#options.keys.release(mine).catch(() => {});
      throw refusal;
    }
  }
}
