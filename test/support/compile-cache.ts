/**
 * Imported for its effect: workers and processes that tests start load code that an earlier one has compiled.
 */
import { resolve } from 'node:path';

process.env['NODE_COMPILE_CACHE'] ??= resolve('node_modules/.cache/node-compile-cache');
