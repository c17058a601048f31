/**
 * Operations in one worker: where they are stored, and what carries them out. Opened with the application's
 * services (services.ts).
 */
import { ObjectId } from 'mongodb';
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import type { Providers } from '../providers/provider-registry.ts';
import type { ReportTrouble } from '../report-trouble.ts';
import { type NewOperation, newOperationDocument, OPERATIONS } from './repository/operation-document.ts';
import { OperationLeases } from './repository/operation-leases.ts';
import { OperationRepository } from './repository/operation-repository.ts';
import { OperationTargets } from './repository/operation-targets.ts';
import { Leftovers } from './runner/leftovers.ts';
import { OperationRunner } from './runner/operation-runner.ts';

/** A worker that has not renewed its leases for so long is believed dead. */
const LEASE_MS = 15_000;
/** How long a deletion may take before others look whether it has happened. */
const REMOVAL_DELAY_MS = 5_000;

export interface OperationServicesOptions {
  readonly providers: Providers;
  readonly leaseMs?: number;
  readonly lookIntervalMs?: number;
  readonly missingAfterMs?: number;
  /** How long a provider may take for one call. */
  readonly callTimeoutMs?: number;
  readonly graceMs?: number;
  /** Told of errors in the background. */
  readonly onError: ReportTrouble;
  /** Told that operations have begun or ended. */
  readonly onChange: () => void;
}

/** Once per process. Idempotent. */
export async function prepareOperations(database: DatabaseService): Promise<void> {
  await prepareCollections(database, [OPERATIONS]);
}

export class OperationServices {
  readonly repository: OperationRepository;
  readonly runner: OperationRunner;
  readonly #onChange: () => void;

  constructor(service: DatabaseService, options: OperationServicesOptions) {
    const { providers, leaseMs = LEASE_MS, missingAfterMs, onError, onChange } = options;
    const { lookIntervalMs, callTimeoutMs, graceMs } = options;
    this.#onChange = onChange;
    this.repository = new OperationRepository(service);
    const leases = new OperationLeases({ service, holder: new ObjectId(), leaseMs });
    this.runner = new OperationRunner({
      leases,
      targets: new OperationTargets(service),
      leftovers: new Leftovers({
        service,
        operations: this.repository,
        leases,
        ...(missingAfterMs !== undefined && { missingAfterMs }),
      }),
      providers,
      leaseMs,
      ...(lookIntervalMs !== undefined && { lookIntervalMs }),
      ...(callTimeoutMs !== undefined && { callTimeoutMs }),
      ...(graceMs !== undefined && { graceMs }),
      onError,
      onChange,
    });
  }

  /** For an operation that its target names already. Returns when it is stored, and before it is done. */
  async begin(operation: NewOperation): Promise<void> {
    const document = newOperationDocument(operation);
    const isReserved = this.runner.reserve(document);
    let isMine: boolean;
    try {
      isMine = await this.repository.insert(document);
    } catch (error) {
      // If it was stored all the same, its lease ends. If not, whoever finds its target stores it.
      this.runner.cancel(document);
      throw error;
    }
    this.#onChange();
    if (isReserved && isMine) this.runner.run(document);
    else this.runner.cancel(document);
    if (!isReserved) this.runner.offer(document);
  }

  /**
   * Deletes something and then removes it from its provider. The removal is stored first, so it is not
   * forgotten if this process dies in between. It is dropped if nothing was deleted.
   * @param remove returns whether it has deleted what is to be removed
   */
  async removeAfter(removal: Omit<NewOperation, 'id'>, remove: () => Promise<boolean>): Promise<boolean> {
    const id = new ObjectId();
    const document = newOperationDocument({ id, ...removal }, new Date(Date.now() + REMOVAL_DELAY_MS));
    await this.repository.insert(document);
    // If it throws, the outcome may be unknown. Whoever takes the removal later will look.
    const isDeleted = await remove();
    if (isDeleted) this.runner.offer(document);
    else await this.repository.discard(id);
    return isDeleted;
  }

  start(): void {
    this.runner.start();
  }

  async stop(): Promise<void> {
    await this.runner.stop();
  }
}
