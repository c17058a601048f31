/**
 * The operations that a worker has taken and not finished, and the places of providers that they take. A
 * place is also taken while the database is asked for an operation to put there, so that simultaneous
 * questions do not bring more than a provider allows.
 */
import type { Providers } from '../../providers/provider-registry.ts';
import type { VmProvider } from '../../vms/vm.ts';
import type { OperationDocument } from '../repository/operation-document.ts';

export interface HeldOperation {
  readonly operation: OperationDocument;
  readonly controller: AbortController;
  /** In milliseconds since 1970. */
  readonly begun: number;
  /** Before that nobody has a lease that could be renewed. */
  isStored: boolean;
}

export interface HeldOperationsOptions {
  readonly providers: Providers;
  /** Of all providers together. */
  readonly maxHeld: number;
  /** Called when a place has become free for a provider that somebody has asked for in vain. */
  readonly onRoom: (provider: VmProvider) => void;
}

export class HeldOperations {
  readonly #options: HeldOperationsOptions;
  /** By id, from the moment at which they are taken until their end is written. */
  readonly #held = new Map<string, HeldOperation>();
  readonly #placesTaken = new Map<VmProvider, number>();
  /** Providers of which something was left in the queue for want of a place. */
  readonly #queued = new Set<VmProvider>();

  constructor(options: HeldOperationsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  all(): readonly HeldOperation[] {
    return Array.from(this.#held.values());
  }

  /** @returns undefined if this worker has lost it, also if it has taken it again in another attempt */
  find(operation: OperationDocument): HeldOperation | undefined {
    const held = this.#held.get(operation._id.toHexString());
    return held?.operation === operation ? held : undefined;
  }

  /** If there is no place, `onRoom` follows as soon as there may be one. */
  hasPlaceAt(provider: VmProvider): boolean {
    const { maxHeld, providers } = this.#options;
    const taken = this.#placesTaken.get(provider) ?? 0;
    if (this.#held.size < maxHeld && taken < providers[provider].concurrency) return true;
    this.wantPlaceAt(provider);
    return false;
  }

  wantPlaceAt(provider: VmProvider): void {
    this.#queued.add(provider);
  }

  /** Takes a place for as long as `take` goes on. */
  async whileTaking<Taken>(
    provider: VmProvider,
    take: () => Promise<Taken | undefined>,
  ): Promise<Taken | undefined> {
    this.#countPlaces(provider, 1);
    let taken: Taken | undefined;
    try {
      taken = await take();
    } finally {
      this.#countPlaces(provider, -1);
    }
    // The place was reserved, and something else may have been left in the queue for want of it.
    if (taken === undefined) this.#tellOfRoom();
    return taken;
  }

  add(operation: OperationDocument): void {
    const id = operation._id.toHexString();
    const earlier = this.#held.get(id);
    if (earlier !== undefined) {
      // Its lease has ended, because the database was away for so long.
      earlier.controller.abort();
      this.delete(earlier.operation);
    }
    const controller = new AbortController();
    this.#held.set(id, { operation, controller, begun: Date.now(), isStored: false });
    this.#countPlaces(operation.subject.provider, 1);
  }

  delete(operation: OperationDocument): void {
    if (this.find(operation) === undefined) return;
    this.#held.delete(operation._id.toHexString());
    this.#countPlaces(operation.subject.provider, -1);
    this.#tellOfRoom();
  }

  clear(): void {
    this.#held.clear();
    this.#placesTaken.clear();
    this.#queued.clear();
  }

  #countPlaces(provider: VmProvider, change: 1 | -1): void {
    this.#placesTaken.set(provider, (this.#placesTaken.get(provider) ?? 0) + change);
  }

  #tellOfRoom(): void {
    const queued = [...this.#queued];
    this.#queued.clear();
    for (const provider of queued) this.#options.onRoom(provider);
  }
}
