/**
 * What a regular expression consists of, and how it is refused. parser.ts reads an expression into this form,
 * re2.ts writes it in the syntax of RE2, and literal.ts looks for literal text in it.
 */
import { CommandError } from '../../command-error.ts';

/** Of a branch, one after another. */
export type Sequence = readonly Part[];
/** What `|` separates. */
export type Branches = readonly Sequence[];

export type Part =
  | { readonly kind: 'character'; readonly character: string; readonly ignoreCase: boolean }
  /** One character out of many, in the syntax of RE2. */
  | { readonly kind: 'set'; readonly re2: string }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  /** Options that hold from here to the end of the group, in the syntax of RE2. */
  | { readonly kind: 'options'; readonly re2: string }
  | { readonly kind: 'group'; readonly branches: Branches }
  | { readonly kind: 'repetition'; readonly part: Part; readonly least: number; readonly most: number };

export type Assertion =
  | 'textStart'
  | 'textEnd'
  /** `$`: at the end, and also before a line feed that ends the text. */
  | 'lastLineEnd'
  /** `^` with option m: at the start, and after each line feed that does not end the text. */
  | 'lineStart'
  | 'lineEnd'
  | 'wordBoundary'
  | 'noWordBoundary';

/** MongoDB refuses it too. */
export function invalid(reason: string): CommandError {
  return new CommandError('InvalidRegularExpression', `Regular expression is invalid: ${reason}`);
}

/** MongoDB allows it. */
export function refused(feature: string): CommandError {
  return new CommandError(
    'InvalidRegularExpression',
    `Regular expression is refused by the embedded database, which does not support ${feature}`,
  );
}
