/**
 * Reads many documents with one statement. SQLite joins them into one BLOB, because each BLOB that comes to
 * JavaScript gets memory of its own, and to allocate and free that takes longer than to read a document.
 */
import type { SQLInputValue } from 'node:sqlite';
import { int32At } from '../bson/int32.ts';
import type { StoredDocument } from './collection.ts';
import { isTooBig } from './sqlite-errors.ts';
import type { SqliteFile } from './sqlite-file.ts';

export interface Chunk {
  readonly documents: readonly StoredDocument[];
  /** The key of the last document, if the statement selects it. */
  readonly lastKey: Uint8Array | undefined;
}

const EMPTY: Chunk = { documents: [], lastKey: undefined };

/** @param sql one of scan-statements.ts */
export function readChunk(file: SqliteFile, sql: string, ...parameters: SQLInputValue[]): Chunk {
  const { records, bytes, lastKey } = file.get(sql, ...parameters) ?? {};
  if (!(bytes instanceof Uint8Array)) return EMPTY;
  return {
    documents: split(String(records), bytes),
    lastKey: lastKey instanceof Uint8Array ? lastKey : undefined,
  };
}

/** @param records the numbers, with commas between them */
function split(records: string, bytes: Uint8Array): StoredDocument[] {
  let start = 0;
  return records.split(',').map((record) => {
    const end = start + int32At(bytes, start);
    const document = { record: Number(record), bytes: bytes.subarray(start, end) };
    start = end;
    return document;
  });
}

const MAX_ROWS = 256;
/** Chunks grow by steps, because few matches may be missing. */
const MAX_GROWTH = 4;
/** The target size of a chunk. The documents of one chunk predict how many fit into the next. */
const TARGET_BYTES = 1024 * 1024;

/** How many documents to read at once. */
export class ChunkSize {
  #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Reads fewer rows if together they are larger than SQLite's limit of a value. */
  read(work: (rows: number) => Chunk): Chunk {
    for (;;) {
      try {
        return work(this.#rows);
      } catch (error) {
        if (!isTooBig(error) || this.#rows === 1) throw error;
        this.#rows = Math.ceil(this.#rows / 2);
      }
    }
  }

  /** Chooses the size of the next chunk. */
  adaptTo({ documents }: Chunk): void {
    if (documents.length === 0) return;
    const bytes = documents.reduce((sum, document) => sum + document.bytes.length, 0);
    const fitting = Math.floor((TARGET_BYTES * documents.length) / bytes);
    this.#rows = Math.max(1, Math.min(MAX_ROWS, fitting, this.#rows * MAX_GROWTH));
  }
}
