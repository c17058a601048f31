/**
 * Carries out the operations of one group (its only parameter) in rounds, and calls a marker before and after
 * each round. Callgrind writes down its count at each marker (callgrind.ts). bundle-probe.ts makes one file
 * of it, so that a process which runs fifty times slower than usual starts quickly.
 */
import { getPriority } from 'node:os';
import { GROUPS, NEW_TOKENS, type OperationName, ROUNDS, SERIES } from './measurements.ts';
import { encode } from './operations/encode.ts';
import type { Operation } from './operations/operation.ts';
import { parse, parseForRoutes } from './operations/parse.ts';
import { checkToken } from './operations/token.ts';

const BROWSER = "picohttpparser's request";
const API = 'a request with a JWT';
const ETAGS = ['"1"', '"2"', '"3"'];

const OPERATIONS: Readonly<Record<OperationName, () => Operation>> = {
  'parse-browser.wasm': () => parse('wasm', BROWSER),
  'parse-browser.js': () => parse('js', BROWSER),
  'parse-api.wasm': () => parse('wasm', API),
  'parse-api.js': () => parse('js', API),
  'parse-100-paths.wasm': () => parseForRoutes('wasm', 'all'),
  'parse-100-paths.js': () => parseForRoutes('js', 'all'),
  'parse-100-paths-no-routes.wasm': () => parseForRoutes('wasm', 'none'),
  'parse-100-paths-no-routes.js': () => parseForRoutes('js', 'none'),
  'encode-health': () => encode([]),
  'encode-with-field': () => encode(ETAGS),
  'check-known-token': () => checkToken(1),
  'check-new-token': () => checkToken(NEW_TOKENS),
};

/** A call that no operation makes, of a function whose name Callgrind can see in Node.js. */
const mark = getPriority;

const group = GROUPS[process.argv[2] ?? ''];
if (group === undefined) throw new Error(`there is no group of operations ${process.argv[2]}`);
for (const { operation, warmUp, times } of group) {
  const { run } = OPERATIONS[operation]();
  for (let series = 0; series < SERIES; series += 1) {
    // In pieces of a round, since V8 optimises a function that is called again otherwise than a loop that
    // goes on.
    const needed = series === 0 ? warmUp : warmUp / 2;
    for (let time = 0; time < needed; time += times) run(times);
    mark();
    for (let round = 0; round < ROUNDS; round += 1) {
      run(times);
      mark();
    }
  }
}
