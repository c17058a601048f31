/** A process that takes the lock of a VM, says so, and keeps it for as long as it lives. */
import { lockVm } from '../../../../../src/cloudvm/providers/qemu/vm-lock.ts';

const [, , directory = '', vmId = ''] = process.argv;
const lock = await lockVm(directory, vmId, { timeoutMs: 0, signal: new AbortController().signal });
console.log(lock === undefined ? 'taken' : 'locked');
