/**
 * The services for VMs in one worker: their repository, and the provisioner that brings them from pending to
 * running. Opened with the application's services (services.ts).
 */
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { PendingVms } from './provisioning/pending-vms.ts';
import { Provisioner } from './provisioning/provisioner.ts';
import { VMS } from './repository/vm-document.ts';
import { VmRepository } from './repository/vm-repository.ts';

export interface VmServicesOptions {
  readonly provisioningDelayMs?: number;
  /** Told that a VM could not be started yet. */
  readonly onError: (error: unknown) => void;
}

/** Once per process. Idempotent. */
export async function prepareVms(database: DatabaseService): Promise<void> {
  await prepareCollections(database, [VMS]);
}

export class VmServices {
  readonly repository: VmRepository;
  readonly provisioner: Provisioner;

  constructor(database: DatabaseService, { provisioningDelayMs, onError }: VmServicesOptions) {
    this.repository = new VmRepository(database);
    this.provisioner = new Provisioner({
      pending: new PendingVms(database),
      ...(provisioningDelayMs !== undefined && { delayMs: provisioningDelayMs }),
      onError,
    });
  }

  /** Starts what runs in the background. */
  start(): void {
    this.provisioner.start();
  }

  /** Needs the database until it has ended. */
  async stop(): Promise<void> {
    await this.provisioner.stop();
  }
}
