/**
 * Looks a disagreement with llhttp up among the explained ones. Used by the fuzzer and the conformance tests.
 */

import { LLHTTP_DISAGREEMENTS } from '../conformance/llhttp-disagreements.ts';
import type { Disagreement } from './llhttp-comparison.ts';

const BY_NAME = new Map(LLHTTP_DISAGREEMENTS.map((explained) => [explained.name, explained]));

/** The unexplained part of a disagreement, or undefined if it is explained. */
export function unexplained({ name, accepted, detail }: Disagreement): string | undefined {
  const explained = BY_NAME.get(name);
  if (explained === undefined) return `${name}: ${accepted || detail}`;
  if (explained.only === undefined || explained.only.test(accepted)) return undefined;
  return `${name}, and not for the known reason: ${JSON.stringify(accepted)} ${detail}`;
}
