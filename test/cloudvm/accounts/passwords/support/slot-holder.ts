/** A thread that takes a slot, reports whether it got one, and gives it back on demand. */
import { parentPort } from 'node:worker_threads';
import { HashingSlots } from '../../../../../src/cloudvm/accounts/passwords/hashing-slots.ts';

const slot = HashingSlots.open().tryAcquire();
parentPort?.on('message', () => slot?.[Symbol.dispose]());
parentPort?.postMessage(slot === undefined ? 'none' : 'taken');
