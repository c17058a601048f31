/**
 * Finds the stopwatch of the request for which code runs, however deep in the application and after whatever
 * waits. Only requests that are timed run in such a context, so the others pay for one look. Worker threads.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestTiming } from './request-timing.ts';

const timings = new AsyncLocalStorage<RequestTiming>();

/** Runs the steps of a request that is timed. */
export function runTimed<Result>(timing: RequestTiming, run: () => Result): Result {
  return timings.run(timing, run);
}

/** undefined if the request is not timed. */
export function currentTiming(): RequestTiming | undefined {
  return timings.getStore();
}

/**
 * Runs an operation whose time counts as a stage of its own, if the present request is timed.
 *
 *     const user = await timed('database', () => users.findOne({ _id }));
 */
export function timed<Result>(stage: 'database', operation: () => Promise<Result>): Promise<Result> {
  const timing = timings.getStore();
  return timing === undefined || timing.isOver ? operation() : measure(timing, stage, operation);
}

async function measure<Result>(
  timing: RequestTiming,
  stage: 'database',
  operation: () => Promise<Result>,
): Promise<Result> {
  const end = timing.wait(stage);
  try {
    return await operation();
  } finally {
    end();
  }
}
