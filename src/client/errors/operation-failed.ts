/** What waitFor throws when the operation has failed. */
import type { Operation } from '../../cloudvm/contract/client-contract.ts';
import { CloudVmError } from './client-error.ts';

export class CloudVmOperationFailed extends CloudVmError {
  readonly code = 'ERR_CLOUDVM_OPERATION_FAILED';
  override readonly name = 'CloudVmOperationFailed';
  readonly operation: Operation;

  constructor(operation: Operation) {
    super(`The operation ${operation.kind} has failed: ${operation.error ?? 'the server gives no reason'}`);
    this.operation = operation;
  }
}
