import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import './test/support/compile-cache.ts';

/** These test files leave their process unchanged, so one process runs many of them. */
const WITHOUT_ISOLATION = [
  'test/{bench,model,platform}/**/*.test.ts',
  'test/runtime/*.test.ts',
  'test/cloudvm/{accounts,database,documentation,health,validation,vms}/**/*.test.ts',
  'test/cloudvm/*.test.ts',
  'test/embedded-mongodb/{commands,execution,query,server,update,wire}/*.test.ts',
  'test/fuzz/{checks,fuzz}.test.ts',
  'test/runtime/{core,http,memory,worker}/**/*.test.ts',
  'test/runtime/server/*/**/*.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'isolated',
          include: ['test/**/*.test.ts'],
          exclude: WITHOUT_ISOLATION,
        },
      },
      {
        extends: true,
        test: { name: 'shared', include: WITHOUT_ISOLATION, isolate: false },
      },
    ],
    // Many test files wait more than they compute.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
