/** The entity tag of a VM, which the server makes from its version. */
import type { Vm } from '../../cloudvm/contract/client-contract.ts';

/** A VM as it was read, or an entity tag, a list of them, or `*`, as in RFC 9110, section 13. */
export type Version = Pick<Vm, 'version'> | string;

/** Carry a change out only on this version. Otherwise it is the problem `precondition-failed`. */
export interface VersionOption {
  readonly ifMatch?: Version | undefined;
}

export function entityTagOf(version: Version): string;
export function entityTagOf(version: Version | undefined): string | undefined;
export function entityTagOf(version: Version | undefined): string | undefined {
  return typeof version === 'object' ? `"${version.version}"` : version;
}
