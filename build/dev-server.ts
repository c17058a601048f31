/**
 * The server that `npm run dev` restarts whenever a source changes. It compiles the core if that is stale,
 * and serves.
 */
import { isCoreStale, makeCore } from './make.ts';

if (isCoreStale()) makeCore();
await import('../src/main.ts');
