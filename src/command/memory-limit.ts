/**
 * Fits the number of workers to the memory that the process may use, as a container limits it. Beyond its
 * limit the system kills a process without a word. Used by the command.
 */
import type { Logger } from '../platform/log.ts';

const MB = 1_048_576;
/** The main thread and the embedded database, measured with CloudVM. */
const BASE_MB = 64;
/** 25 MB after the start and 30 MB under load were measured with CloudVM. The rest is for growth. */
const WORKER_MB = 40;

/** The limit is too low for one worker. The message is one sentence for the operator. */
export class MemoryLimitError extends Error {
  readonly code = 'ERR_MEMORY_LIMIT';
  override readonly name = 'MemoryLimitError';
}

/**
 * @param limit in bytes. 0 if there is none, as `process.constrainedMemory()` says it
 * @returns the number of workers to start, at most those wanted
 * @throws MemoryLimitError
 */
export function fitWorkers(wanted: number, limit: number, logger: Pick<Logger, 'warn'>): number {
  if (limit === 0) return wanted;
  const limitMb = Math.floor(limit / MB);
  const fitting = Math.floor((limitMb - BASE_MB) / WORKER_MB);
  if (fitting < 1) {
    throw new MemoryLimitError(
      `the process may use ${limitMb} MB of memory, and with one worker it needs ${BASE_MB + WORKER_MB} MB`,
    );
  }
  if (fitting >= wanted) return wanted;
  const needed = BASE_MB + wanted * WORKER_MB;
  logger.warn(
    { wanted, workers: fitting, limitMb },
    `WORKERS is lowered to ${fitting}: the process may use ${limitMb} MB of memory, ` +
      `and ${wanted} workers need ${needed} MB`,
  );
  return fitting;
}
