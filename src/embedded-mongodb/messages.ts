/** What the database's thread and its starter say to each other. */
import type { EmbeddedDatabaseErrorCode } from './errors.ts';
import type { LogLine } from './log.ts';

/** workerData of the thread. */
export interface ThreadOptions {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly sweepIntervalMs: number | undefined;
}

export type FromThread =
  | { readonly kind: 'ready'; readonly uri: string }
  | { readonly kind: 'failed'; readonly code: EmbeddedDatabaseErrorCode; readonly message: string }
  | { readonly kind: 'log'; readonly line: LogLine };

export type ToThread = { readonly kind: 'close' };
