/**
 * `npm run test:stress`: the randomised tests, one file after the other, each for longer than in `npm test`.
 */
import { defineConfig } from 'vitest/config';
import './test/support/compile-cache.ts';

process.env['STRESS'] = '1';

export default defineConfig({
  test: {
    include: [
      'test/cloudvm/front-door/{crash,keys-under-kill,operations-under-kill}.test.ts',
      'test/embedded-mongodb/storage/durability.test.ts',
      'test/fuzz/*.test.ts',
      'test/runtime/memory/**/*.test.ts',
      'test/runtime/server/{deadlines,deaths,large-bodies,lifecycle}.test.ts',
    ],
    fileParallelism: false,
    testTimeout: 600_000,
    pool: 'forks',
  },
});
