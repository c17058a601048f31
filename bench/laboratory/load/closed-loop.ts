/**
 * Puts a server under load for a given time: each connection asks again as soon as it has its answer. It uses
 * wrk if that is installed, because wrk needs so little CPU that the server keeps its core. Otherwise it uses
 * autocannon, which saturates before this server does.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runAutocannon } from './autocannon.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import { runWrk } from './wrk.ts';

export type LoadGenerator = 'wrk' | 'autocannon';

export const LOAD_GENERATOR: LoadGenerator = isInstalled('wrk') ? 'wrk' : 'autocannon';

/** No request has failed, but none was answered in the time either. */
export class NoAnswerError extends Error {
  readonly code = 'ERR_NO_ANSWER';
  override readonly name = 'NoAnswerError';
}

/** @throws NoAnswerError. @throws Error if all requests failed */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const result = await (LOAD_GENERATOR === 'wrk' ? runWrk(options) : runAutocannon(options));
  if (result.requests > result.errors) return result;
  if (result.errors === 0) throw new NoAnswerError(`${options.url}: no request was answered`);
  throw new Error(`${options.url}: of ${result.requests} requests ${result.errors} failed`);
}

function isInstalled(command: string): boolean {
  const { PATH = '' } = process.env;
  return PATH.split(delimiter).some((directory) => directory !== '' && existsSync(join(directory, command)));
}
