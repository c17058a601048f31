/**
 * Removes what a deleted account leaves behind: its VMs with their snapshots, here and at the provider, the
 * history of its operations, and its idempotency keys. The account was marked as deleted by the request.
 * Each worker that has opened the API looks for such accounts, and a lease lets one of them work on each. If
 * its process dies, another takes over when the lease ends. Every step may be done twice, so a late holder
 * does no harm.
 *
 * The account itself goes last. A worker of another process may accept a token for MAX_AGE_MS after the
 * deletion, and a request takes at most HANDLER_TIMEOUT_MS. So a VM may be created after the first look. The
 * last look comes SETTLE_MS after the deletion, when no request of the user can be under way any more.
 */
import type { KeyRepository } from '../../idempotency/key-repository.ts';
import type { OperationRepository } from '../../operations/repository/operation-repository.ts';
import { DELETABLE_STATUSES } from '../../vms/lifecycle.ts';
import { StatusConflictError } from '../../vms/repository/vm-errors.ts';
import type { VmServices } from '../../vms/vm-services.ts';
import type { DeletedUser, UserRemovals } from '../users/user-removals.ts';

/** Longer than it takes to delete the VMs of one page. */
const LEASE_MS = 30_000;
/** A look is one read of an index, which usually finds nothing. */
const LOOK_INTERVAL_MS = 15_000;
/** How long to wait for VMs and operations that are busy. */
const BUSY_MS = 1_000;
/** More than a token can outlive the account, and a request its token. */
const SETTLE_MS = 90_000;
/** VMs that are deleted before the lease is renewed. */
const PAGE_SIZE = 50;
/** Of these, at a time. */
const SIMULTANEOUS = 4;

export interface AccountRemovalOptions {
  readonly removals: UserRemovals;
  readonly vms: Pick<VmServices, 'delete' | 'repository'>;
  readonly operations: Pick<OperationRepository, 'hasUnfinished' | 'forgetOwner'>;
  readonly keys: Pick<KeyRepository, 'forgetOwner'>;
  /** Called with errors. The work is repeated. */
  readonly onError: (error: unknown) => void;
  readonly leaseMs?: number;
  readonly lookIntervalMs?: number;
  readonly settleMs?: number;
}

export class AccountRemoval implements AsyncDisposable {
  readonly #options: Required<AccountRemovalOptions>;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;
  /** When something is busy, the next look comes earlier. */
  #nextLookMs: number;

  constructor(options: AccountRemovalOptions) {
    this.#options = {
      leaseMs: LEASE_MS,
      lookIntervalMs: LOOK_INTERVAL_MS,
      settleMs: SETTLE_MS,
      ...options,
    };
    this.#nextLookMs = this.#options.lookIntervalMs;
  }

  /** Looks for work now, and then from time to time until it is disposed of. */
  look(): void {
    if (this.#isStopped || this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    this.#looking = this.#workOff().finally(() => {
      this.#looking = undefined;
      if (!this.#isStopped) this.#timer = setTimeout(() => this.look(), this.#nextLookMs).unref();
    });
  }

  /** What is under way ends after the deletions of a few VMs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /** Never rejects. */
  async #workOff(): Promise<void> {
    const { removals, leaseMs, lookIntervalMs, onError } = this.#options;
    this.#nextLookMs = lookIntervalMs;
    try {
      while (!this.#isStopped) {
        const user = await removals.take(leaseMs);
        if (user === undefined) return;
        await this.#proceed(user);
      }
    } catch (error) {
      // The lease ends, and somebody tries again.
      onError(error);
    }
  }

  async #proceed(user: DeletedUser): Promise<void> {
    const { removals, operations, keys, settleMs } = this.#options;
    const isBusy = await this.#deleteVms(user);
    const settled = user.deletedAt.getTime() + settleMs;
    if (this.#isStopped) return removals.postpone(user, new Date());
    if (isBusy || (await operations.hasUnfinished(user.id))) {
      // Rounded up, because an account that is not due yet would wait for the look after that.
      this.#nextLookMs = Math.min(this.#nextLookMs, BUSY_MS + 1);
      return removals.postpone(user, new Date(Date.now() + BUSY_MS));
    }
    if (Date.now() < settled) return removals.postpone(user, new Date(settled));
    await operations.forgetOwner(user.id);
    await keys.forgetOwner(user.id);
    await removals.finish(user);
  }

  /** @returns whether VMs are left, because something goes on with them */
  async #deleteVms(user: DeletedUser): Promise<boolean> {
    const { removals, vms, leaseMs } = this.#options;
    while (!this.#isStopped) {
      const page = await vms.repository.list(user.id, { limit: PAGE_SIZE, status: [...DELETABLE_STATUSES] });
      if (page.vms.length === 0) break;
      const ids = page.vms.map((vm) => vm.toVm().id);
      const deleteRest = async () => {
        for (let id = ids.pop(); id !== undefined && !this.#isStopped; id = ids.pop()) {
          await this.#deleteVm(user, id);
        }
      };
      await Promise.all(Array.from({ length: SIMULTANEOUS }, deleteRest));
      await removals.postpone(user, new Date(Date.now() + leaseMs));
    }
    const { total } = await vms.repository.list(user.id, { limit: 1 });
    return total > 0;
  }

  async #deleteVm(user: DeletedUser, id: string): Promise<void> {
    try {
      await this.#options.vms.delete(user.id, id, undefined);
    } catch (error) {
      // It has become busy since it was listed.
      if (!(error instanceof StatusConflictError)) throw error;
    }
  }
}
