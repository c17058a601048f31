/**
 * Method names and their METHOD_ numbers (assembly/record.ts), in both directions. Route registration, the
 * request and the Allow header use it, on every thread.
 */

import { METHOD_OTHER } from '../../../assembly/record.ts';

/** The methods the core knows, in the order of their METHOD_ numbers. */
export const METHOD_NAMES = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
] as const;

export type MethodName = (typeof METHOD_NAMES)[number];

/** The number of a method, METHOD_OTHER if the core has none for it. Methods are case-sensitive. */
export function methodNumber(name: string): number {
  const number = (METHOD_NAMES as readonly string[]).indexOf(name);
  return number < 0 ? METHOD_OTHER : number;
}

/** The name of a METHOD_ number. Undefined for METHOD_OTHER, whose name stands in the request alone. */
export function methodName(number: number): MethodName | undefined {
  return METHOD_NAMES[number];
}

/** The names in a mask of methods (ALLOWED in the record), as the Allow header lists them. */
export function methodsInMask(mask: number): MethodName[] {
  return METHOD_NAMES.filter((_, number) => (mask & (1 << number)) !== 0);
}
