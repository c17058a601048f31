/**
 * The bundle's entry, which bundle.ts makes build/js/main.js of. It sets up the main thread and starts
 * src/main.ts. Code that an earlier start has compiled is kept in build/js/cache, for this thread and for
 * every other one. Where that folder cannot be written, everything works as well, only later.
 *
 * An old Node.js must be able to load this file, so that src/main.ts can say that it is too old.
 */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

process.setSourceMapsEnabled(true);
const cache = fileURLToPath(new URL('./cache', import.meta.url));
const { status } = module.enableCompileCache?.(cache) ?? {};
// The other threads look for it in their environment.
if (status === module.constants?.compileCacheStatus?.ENABLED) process.env['NODE_COMPILE_CACHE'] = cache;

await import('../../src/main.ts');
