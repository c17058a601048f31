/** What went wrong on the host, in words for the owner of the VM. They name nothing of the host. */
import { ProviderError } from '../provider.ts';
import { IN_USE } from './command.ts';

const KNOWN: readonly (readonly [pattern: RegExp, message: string])[] = [
  [/No space left on device|ENOSPC/, 'the host has no space left for the disk'],
  [/Cannot allocate memory|cannot set up guest memory|ENOMEM/i, 'the host has no memory left for the VM'],
  [/Could not open backing file/, 'the base image of the disk is missing'],
  [IN_USE, 'the VM is in use: another operation goes on'],
];

/** @returns the error itself if it says nothing to the owner. The runner keeps it for the operator. */
export function explainFailure(error: unknown): unknown {
  if (error instanceof ProviderError || !(error instanceof Error)) return error;
  const known = KNOWN.find(([pattern]) => pattern.test(error.message));
  return known === undefined ? error : new ProviderError(known[1], { isPermanent: false, cause: error });
}
