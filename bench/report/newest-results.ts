/** Finds the newest file of results. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Their names have the time at which the run began, so the last by name is the newest. */
const NAME = /^raw-.*\.json$/;

/** @throws Error that says how to get one, if there is none */
export async function newestResults(directory: string): Promise<string> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => NAME.test(name));
  const newest = names.toSorted().at(-1);
  if (newest === undefined) throw new Error('there are no results yet: run `npm run bench`, or name a file');
  return join(directory, newest);
}
