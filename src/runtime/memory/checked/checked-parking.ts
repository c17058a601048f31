/** Parking with its rules checked: workers park their own bit, main its bell word. */

import { invariant } from '../../../platform/invariant.ts';
import type { SharedMemory } from '../layout.ts';
import { MainBell, ParkedWorkers } from '../synchronization/parking.ts';

export class CheckedParkedWorkers extends ParkedWorkers {
  readonly #slots: number;

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>) {
    super(shared);
    this.#slots = shared.layout.slots;
  }

  override park(slot: number): void {
    invariant(slot >= 0 && slot < this.#slots, 'A worker parks the bit of its own slot.');
    invariant(!this.isParked(slot), 'Flag, look, sleep: a worker that is parked does not park again.');
    super.park(slot);
  }
}

export class CheckedMainBell extends MainBell {
  override park(): void {
    invariant(!this.isParked, 'Flag, look, sleep: main, once parked, does not park again.');
    super.park();
  }
}
