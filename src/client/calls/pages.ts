/** Goes through a list page by page. */
import { CloudVmBadAnswer } from '../errors/client-error.ts';

export interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly nextCursor: string | null;
}

/** Holds one page at a time, and asks for the next one when the last entry was taken. */
export async function* everyEntry<Entry>(
  fetchPage: (cursor: string | undefined) => Promise<Page<Entry>>,
  firstCursor: string | undefined,
): AsyncGenerator<Entry, void, undefined> {
  let cursor = firstCursor;
  for (;;) {
    const { entries, nextCursor } = await fetchPage(cursor);
    yield* entries;
    if (nextCursor === null) return;
    if (nextCursor === cursor) throw new CloudVmBadAnswer('A page names itself as the next one');
    cursor = nextCursor;
  }
}
