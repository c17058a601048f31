/**
 * The open cursors: results that clients fetch batch by batch. Their number is bounded. A cursor ends when it
 * is idle for too long, or with the connection that opened it. The server owns them, and the reading commands
 * use them.
 */
import { randomBytes } from 'node:crypto';
import { CommandError } from '../../command-error.ts';
import type { Results } from '../../query/query.ts';

export interface Cursor {
  readonly id: bigint;
  readonly namespace: string;
  readonly connection: number;
  readonly results: Results;
  /** A result that did not fit into the last batch. */
  pending: Uint8Array | undefined;
  /** Milliseconds that are left of the `maxTimeMS` of the command that opened the cursor, for its batches. */
  timeLeft: number;
  lastUsed: number;
  busy: boolean;
}

const MAX_CURSORS = 1000;
/** MongoDB's cursorTimeoutMillis. */
const IDLE_TIMEOUT_MS = 10 * 60_000;

export class Cursors {
  readonly #cursors = new Map<bigint, Cursor>();

  open(opened: Pick<Cursor, 'namespace' | 'connection' | 'results' | 'pending' | 'timeLeft'>): Cursor {
    if (this.#cursors.size >= MAX_CURSORS) {
      opened.results.return(undefined);
      throw new CommandError('OperationFailed', `too many open cursors: at most ${MAX_CURSORS}`);
    }
    const id = this.#newId();
    const cursor = { ...opened, id, lastUsed: Date.now(), busy: false };
    this.#cursors.set(id, cursor);
    return cursor;
  }

  /** @throws CommandError CursorNotFound, Unauthorized for another collection's cursor */
  get(id: bigint, namespace: string): Cursor {
    const cursor = this.#cursors.get(id);
    if (cursor === undefined) throw new CommandError('CursorNotFound', `cursor id ${id} not found`);
    if (cursor.namespace !== namespace) {
      throw new CommandError(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to another`,
      );
    }
    if (cursor.busy) throw new CommandError('BadValue', `cursor id ${id} is already in use`);
    return cursor;
  }

  close(id: bigint): boolean {
    this.#cursors.get(id)?.results.return(undefined);
    return this.#cursors.delete(id);
  }

  closeConnection(connection: number): void {
    for (const cursor of this.#cursors.values()) if (cursor.connection === connection) this.close(cursor.id);
  }

  closeIdle(now = Date.now()): void {
    for (const cursor of this.#cursors.values()) {
      if (!cursor.busy && now - cursor.lastUsed > IDLE_TIMEOUT_MS) this.close(cursor.id);
    }
  }

  get size(): number {
    return this.#cursors.size;
  }

  /** Random, so that no client can guess it. Never 0, which means that there are no more results. */
  #newId(): bigint {
    for (;;) {
      const id = randomBytes(8).readBigUInt64LE() >> 1n;
      if (id !== 0n && !this.#cursors.has(id)) return id;
    }
  }
}
