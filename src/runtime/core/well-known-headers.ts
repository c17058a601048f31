/**
 * Lower-case names of the well-known header fields and their HEADER_ numbers (assembly/record.ts). The
 * request asks here whether a field can be found by number. Both cores recognise names with the hash table.
 */

import {
  NAME_SLOTS,
  SLOTS_FOR_FIRST_LETTER,
  SLOTS_FOR_LAST_LETTER,
  SLOTS_FOR_LENGTH,
} from '../../../assembly/layout.ts';
import { MAX_WELL_KNOWN } from '../../../assembly/record.ts';

/** The names, in the order of their HEADER_ numbers. */
export const WELL_KNOWN_HEADERS: readonly string[] = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
  'content-type',
  'authorization',
  'accept',
  'accept-encoding',
  'accept-language',
  'user-agent',
  'cookie',
  'origin',
  'referer',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'cache-control',
  'upgrade',
  'x-forwarded-for',
  'forwarded',
  'idempotency-key',
  'last-event-id',
  'trailer',
  'te',
  'access-control-request-method',
  'access-control-request-headers',
  'content-encoding',
  'date',
  'if-unmodified-since',
  'via',
  'range',
];

if (WELL_KNOWN_HEADERS.length !== MAX_WELL_KNOWN) {
  throw new Error('src/runtime/core/well-known-headers.ts and assembly/record.ts disagree');
}

const NUMBERS = new Map(WELL_KNOWN_HEADERS.map((name, number) => [name, number]));

/** The HEADER_ number of a lower-case field name. Undefined if it has none. */
export function wellKnownHeaderNumber(lowerCaseName: string): number | undefined {
  return NUMBERS.get(lowerCaseName);
}

/** For each slot of the hash table the number of the only name that can stand there, or one more. */
export const NAME_NUMBERS: Uint8Array = hashNames();

/** @param first byte of the name, in any case @param last byte of the name, in any case */
export function nameSlot(first: number, last: number, length: number): number {
  const letters = first * SLOTS_FOR_FIRST_LETTER + last * SLOTS_FOR_LAST_LETTER;
  return (letters + length * SLOTS_FOR_LENGTH) & (NAME_SLOTS - 1);
}

function hashNames(): Uint8Array {
  const numbers = new Uint8Array(NAME_SLOTS).fill(MAX_WELL_KNOWN);
  for (const [number, name] of WELL_KNOWN_HEADERS.entries()) {
    const slot = nameSlot(name.charCodeAt(0), name.charCodeAt(name.length - 1), name.length);
    if (numbers[slot] !== MAX_WELL_KNOWN)
      throw new Error(`${name} needs other factors in assembly/layout.ts`);
    numbers[slot] = number;
  }
  return numbers;
}
