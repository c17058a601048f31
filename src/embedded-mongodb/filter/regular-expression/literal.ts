/**
 * Finds the literal text that a regular expression asks for, which needs no engine, and which an index can
 * search.
 */
import type { Branches } from './syntax.ts';

export interface Literal {
  readonly text: string;
  /** Only at the start of the text. */
  readonly anchored: boolean;
  /** There is nothing else in the expression. */
  readonly complete: boolean;
}

/** The text that every match begins with. Empty if there is none. */
export function literalOf(branches: Branches): Literal {
  const [parts = [], ...others] = branches;
  if (others.length > 0) return { text: '', anchored: false, complete: false };
  const [first] = parts;
  const anchored = first?.kind === 'assertion' && first.assertion === 'textStart';
  let text = '';
  let position = anchored ? 1 : 0;
  for (; position < parts.length; position += 1) {
    const part = parts[position];
    if (part?.kind !== 'character' || part.ignoreCase) break;
    text += part.character;
  }
  return { text, anchored, complete: position === parts.length };
}
