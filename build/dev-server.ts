/**
 * What `npm run dev` runs again whenever a source changes. It compiles the core where that has become stale,
 * and serves.
 */
import { isCoreStale, makeCore } from './make.ts';

if (isCoreStale()) makeCore();
await import('../src/main.ts');
