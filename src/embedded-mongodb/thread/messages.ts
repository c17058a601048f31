/** The messages between the database's thread and its starter. */
import type { EmbeddedDatabaseErrorCode } from '../embedded-database-error.ts';
import type { LogLine } from '../server/log.ts';

/** The workerData of the thread. */
export interface ThreadOptions {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly sweepIntervalMs: number | undefined;
  readonly closeTimeoutMs: number | undefined;
}

export type FromThread =
  | { readonly kind: 'ready'; readonly uri: string }
  | { readonly kind: 'failed'; readonly code: EmbeddedDatabaseErrorCode; readonly message: string }
  | { readonly kind: 'log'; readonly line: LogLine };

export type ToThread = { readonly kind: 'close' };
