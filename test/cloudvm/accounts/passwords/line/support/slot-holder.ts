/** A thread that takes a slot, reports whether it got one, and gives it back on demand. */
import { parentPort } from 'node:worker_threads';
import { openHashingMemory } from '../../../../../../src/cloudvm/accounts/passwords/line/hashing-memory.ts';
import { HashingSlots } from '../../../../../../src/cloudvm/accounts/passwords/line/hashing-slots.ts';

const slot = new HashingSlots(openHashingMemory()).tryAcquire(() => undefined);
parentPort?.on('message', () => {
  slot?.[Symbol.dispose]();
  parentPort?.postMessage('released');
});
parentPort?.postMessage(slot === undefined ? 'none' : 'taken');
