/** Calls the method of the provider that does the work of an operation. */
import type { Provider, ProviderCall, ProviderSnapshot, ProviderVm } from '../../providers/provider.ts';
import type { Providers } from '../../providers/provider-registry.ts';
import type { OperationDocument } from '../repository/operation-document.ts';

/**
 * A call has a while to end after its signal. Then nobody waits for it any more, because a provider may not
 * listen, and what it does has no effect on us.
 * @throws what the provider throws, or the reason of the signal
 */
export async function callProvider(
  providers: Providers,
  operation: OperationDocument,
  signal: AbortSignal,
  graceMs: number,
): Promise<void> {
  signal.throwIfAborted();
  const abandoned = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => abandoned.reject(signal.reason), graceMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([begin(providers, operation, signal), abandoned.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function begin(providers: Providers, operation: OperationDocument, signal: AbortSignal): Promise<void> {
  const provider: Provider = providers[operation.subject.provider];
  const vm = vmOf(operation);
  const call: ProviderCall = {
    operationId: operation._id.toHexString(),
    attempt: operation.attempts,
    signal,
  };
  switch (operation.kind) {
    case 'create':
      return provider.create(vm, call);
    case 'start':
      return provider.start(vm, call);
    case 'stop':
      return provider.stop(vm, call);
    case 'restart':
      return provider.restart(vm, call);
    case 'snapshot':
      return provider.snapshot(vm, snapshotOf(operation), call);
    case 'remove':
      return provider.remove(vm, call);
    case 'removeSnapshot':
      return provider.removeSnapshot(vm, snapshotOf(operation), call);
  }
}

function vmOf({ vmId, ownerId, subject }: OperationDocument): ProviderVm {
  const { name, region, instanceId, size } = subject;
  return { id: vmId.toHexString(), ownerId: ownerId.toHexString(), name, region, instanceId, size };
}

function snapshotOf({ targetId, subject }: OperationDocument): ProviderSnapshot {
  return { id: targetId.toHexString(), name: subject.snapshotName ?? '' };
}
