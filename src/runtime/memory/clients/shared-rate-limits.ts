/** Opens the table of allowances that all workers share, and the seed of its digests. */
import { randomFillSync } from 'node:crypto';
import { RATE_LIMIT_SEED_BYTES, type SharedMemory } from '../layout.ts';
import { RateLimitTable } from './rate-limit-table.ts';

export interface SharedRateLimits {
  readonly table: RateLimitTable;
  readonly seed: Uint8Array;
}

/** Another one in each process. Main thread, once, before any worker starts. */
export function seedRateLimits({ bytes, layout }: SharedMemory): void {
  const { rateLimitSeedAddress: address } = layout;
  randomFillSync(bytes, address, RATE_LIMIT_SEED_BYTES);
}

/** In a worker. */
export function openRateLimits({ memory, bytes, layout }: SharedMemory): SharedRateLimits {
  const { rateLimitAddress, rateLimitSeedAddress: address } = layout;
  const seed = Uint8Array.from(bytes.subarray(address, address + RATE_LIMIT_SEED_BYTES));
  return { table: new RateLimitTable(memory.buffer, rateLimitAddress), seed };
}
