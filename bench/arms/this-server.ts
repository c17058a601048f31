/** This server as an arm: `wasm` and `js` with eight workers, `wasm-1` or `js-16` with so many. */
import { onNode } from '../processes/server-process.ts';
import type { Arm } from './arm.ts';

const NAME = /^(wasm|js)(?:-([1-9]\d?))?$/;
/** Of an arm whose name has no number. */
export const DEFAULT_WORKERS = 8;
const CORES: Readonly<Record<string, string>> = { wasm: 'WebAssembly', js: 'JavaScript' };

/** @param settings of the application. @returns undefined for a name of another arm */
export function thisServer(name: string, settings: Readonly<Record<string, string>>): Arm | undefined {
  const [, core, count] = NAME.exec(name) ?? [];
  if (core === undefined) return undefined;
  const workers = Number(count ?? DEFAULT_WORKERS);
  return {
    name,
    description: `this server, ${CORES[core]} core, ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    processes: 1,
    threads: workers,
    prepare: async ({ environment, entry }) =>
      onNode(entry, { ...environment, ...settings, CORE: core, WORKERS: String(workers) }),
  };
}
