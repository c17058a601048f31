/**
 * Runs once before all test files, in vitest's own process: makes what several of them need, so that no
 * test's time contains it and no two of them make it simultaneously.
 */
import { BuildError, isCoreStale, makeCore } from '../../build/make.ts';
import { buildFerretDb } from './ferretdb/build.ts';

export async function setup(): Promise<void> {
  makeCoreIfStale();
  await buildFerretDb();
}

/**
 * `npm test` has made the core before vitest starts, and ends there if that fails. If vitest is run by hand,
 * a core that does not compile must not keep all other tests from running.
 */
function makeCoreIfStale(): void {
  try {
    if (isCoreStale()) makeCore();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`build/core.wasm is missing or older than its sources: ${error.message}\n`);
  }
}
