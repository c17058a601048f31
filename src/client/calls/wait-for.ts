/** Waits until an operation has ended. */
import type { Operation } from '../../cloudvm/contract/client-contract.ts';
import { CloudVmTimeout } from '../errors/client-error.ts';
import { CloudVmOperationFailed } from '../errors/operation-failed.ts';
import { MAX_DELAY_MS, requireNumber } from '../options.ts';
import { politeMs } from '../retries/backoff.ts';
import { Deadline } from '../retries/deadline.ts';
import { pause } from '../retries/pause.ts';
import { retryAfterOf } from '../retries/retry-after.ts';
import { bodyOf, type OperationReference } from './body.ts';
import type { Call, CallAnswer } from './call.ts';

export interface WaitOptions {
  /** Ends the waiting, with the reason of the signal as the error. The operation goes on. */
  readonly signal?: AbortSignal | undefined;
  /** 300,000. */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 300_000;
/** Between two questions, if the server does not say how long to wait. */
const QUESTIONS = { baseDelayMs: 250, maxDelayMs: 5_000 };
/** An answer that asks for no wait must not make a loop without one. */
const LEAST_WAIT_MS = 50;

/**
 * @returns the operation, which has succeeded
 * @throws CloudVmOperationFailed, or CloudVmTimeout with the phase 'total'
 */
export async function waitFor(
  call: Call,
  { id }: OperationReference,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: WaitOptions,
): Promise<Operation> {
  requireNumber('timeoutMs', timeoutMs, 1);
  const deadline = new Deadline(timeoutMs, signal);
  for (let questions = 1; ; questions++) {
    const answer = await ask(call, id, deadline);
    const operation = bodyOf('getOperation', answer);
    if (operation.status === 'succeeded') return operation;
    if (operation.status === 'failed') throw new CloudVmOperationFailed(operation);
    const waitMs = Math.max(LEAST_WAIT_MS, politeMs(askedMs(answer), questions, QUESTIONS));
    await pause(Math.min(waitMs, Math.max(0, deadline.leftMs)), signal);
  }
}

/** A question gets the time that is left, so the last one ends in time. */
function ask(call: Call, id: string, { leftMs, signal }: Deadline): Promise<CallAnswer<'getOperation'>> {
  if (leftMs < 1) throw new CloudVmTimeout('Waiting for the operation', 'total');
  return call('getOperation', { path: { id }, signal, timeoutMs: Math.min(leftMs, MAX_DELAY_MS) });
}

function askedMs({ headers }: CallAnswer<'getOperation'>): number | undefined {
  return retryAfterOf({ header: (name) => headers[name]?.toString() });
}
