/**
 * `npm run dev`: Node runs this again whenever a source changes. Makes the core where one of its own sources did, and
 * serves.
 */
import { isCoreStale, makeCore } from './make.ts';

if (isCoreStale()) makeCore();
await import('../src/main.ts');
