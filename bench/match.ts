/**
 * `npm run bench -- match`: nanoseconds to look up a route among 100, for this project's two cores and for
 * find-my-way, Fastify's router. The cores match as a part of parsing. So they are timed on the same bytes
 * with the routes and without any, and the difference is the look-up.
 */
import FindMyWay from 'find-my-way';
import * as r from '../assembly/record.ts';
import type { RoutePattern } from '../src/runtime/core/core.ts';
import { JsCore } from '../src/runtime/core/js/js-core.ts';
import { WasmCore } from '../src/runtime/core/wasm/wasm-core.ts';
import { coreOptions, INPUT_ADDRESS } from './core-input.ts';
import { type Contestant, difference, type MicroResult, microTable, race } from './micro.ts';
import { describeOptions, type NumberOption, readOptions } from './options.ts';
import { LOOK_UPS, type LookUp, ROUTE_TABLE } from './route-table.ts';
import { describeSetting } from './table.ts';

const OPTIONS = {
  rounds: { fallback: 501, least: 3, most: 10_000, about: 'rounds for each router' },
  milliseconds: { fallback: 1, least: 1, most: 10_000, about: 'milliseconds of each round' },
} as const satisfies Record<string, NumberOption>;

const NO_ROUTES: readonly RoutePattern[] = [];
const LOOK_UP_WORK =
  'route number and parameter offsets from bytes: its parse with 100 routes less its parse with none';
const PARSE_WORK = 'the whole parse of "GET path HTTP/1.1, Host: a" with 100 routes';

export async function run(parameters: readonly string[]): Promise<void> {
  const { numbers, json, help } = readOptions(parameters, OPTIONS);
  if (help) {
    process.stdout.write(describeOptions(OPTIONS));
    return;
  }
  const parts = [...LOOK_UPS].map(([name, lookUps]) => {
    const results = compareRouters(lookUps, { rounds: numbers.rounds, batchMs: numbers.milliseconds });
    if (!json) process.stdout.write(`${name}, ${lookUps.length} of them in turn\n${microTable(results)}\n\n`);
    return { name, results };
  });
  if (json)
    process.stdout.write(`${JSON.stringify({ setting: describeSetting(), ...numbers, parts }, null, 2)}\n`);
  else process.stdout.write(`${describeSetting()}, ${numbers.rounds} rounds of ${numbers.milliseconds} ms\n`);
}

function compareRouters(
  lookUps: readonly LookUp[],
  options: { rounds: number; batchMs: number },
): MicroResult[] {
  const input = Buffer.from(lookUps.map(({ path }) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  const contestants = [
    wasmContestant(lookUps, input, ROUTE_TABLE),
    wasmContestant(lookUps, input, NO_ROUTES),
    jsContestant(lookUps, input, ROUTE_TABLE),
    jsContestant(lookUps, input, NO_ROUTES),
    findMyWayContestant(lookUps),
  ];
  const [wasm, wasmBare, js, jsBare, findMyWay] = race(contestants, options, lookUps.length);
  if (!wasm || !wasmBare || !js || !jsBare || !findMyWay) throw new Error('a contestant has no result');
  return [
    difference('WebAssembly core', LOOK_UP_WORK, wasm, wasmBare),
    difference('JavaScript core', LOOK_UP_WORK, js, jsBare),
    findMyWay,
    { ...wasm, name: 'WebAssembly core, parse and match' },
    { ...js, name: 'JavaScript core, parse and match' },
  ];
}

function wasmContestant(
  lookUps: readonly LookUp[],
  input: Uint8Array,
  routes: readonly RoutePattern[],
): Contestant {
  const options = coreOptions(input);
  const core = new WasmCore(options);
  core.loadRoutes(routes);
  const { record } = core;
  const end = INPUT_ADDRESS + input.length;
  const onEach = (onParsed: (address: number) => void): void => {
    for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
      core.parse(address, end - address);
      onParsed(address);
    }
  };
  const run = (times: number): number => {
    let found = 0;
    for (let time = 0; time < times; time++) {
      for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
        core.parse(address, end - address);
        found += (record[r.ROUTE] as number) + (record[r.PARAMETER_COUNT] as number);
      }
    }
    return found;
  };
  const verify = (): void => verifyCore(lookUps, routes, record, Buffer.from(options.memory.buffer), onEach);
  return { name: 'WebAssembly core', does: PARSE_WORK, run, verify };
}

/** The same loop again: V8 would optimise a loop that both cores share for neither. */
function jsContestant(
  lookUps: readonly LookUp[],
  input: Uint8Array,
  routes: readonly RoutePattern[],
): Contestant {
  const options = coreOptions(input);
  const core = new JsCore(options);
  core.loadRoutes(routes);
  const { record } = core;
  const end = INPUT_ADDRESS + input.length;
  const onEach = (onParsed: (address: number) => void): void => {
    for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
      core.parse(address, end - address);
      onParsed(address);
    }
  };
  const run = (times: number): number => {
    let found = 0;
    for (let time = 0; time < times; time++) {
      for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
        core.parse(address, end - address);
        found += (record[r.ROUTE] as number) + (record[r.PARAMETER_COUNT] as number);
      }
    }
    return found;
  };
  const verify = (): void => verifyCore(lookUps, routes, record, Buffer.from(options.memory.buffer), onEach);
  return { name: 'JavaScript core', does: PARSE_WORK, run, verify };
}

function verifyCore(
  lookUps: readonly LookUp[],
  routes: readonly RoutePattern[],
  record: Int32Array,
  memory: Buffer,
  onEach: (onParsed: (address: number) => void) => void,
): void {
  const found: LookUp[] = [];
  const text = (address: number, word: number): string => {
    const start = address + (record[word] ?? 0);
    return memory.toString('latin1', start, start + (record[word + 1] ?? 0));
  };
  onEach((address) => {
    const parameters = Array.from({ length: record[r.PARAMETER_COUNT] ?? 0 }, (_, i) =>
      text(address, r.PARAMETERS + 2 * i),
    );
    found.push({
      path: text(address, r.PATH_START),
      pattern: routes[record[r.ROUTE] ?? -1]?.path,
      parameters,
    });
  });
  expectFound(
    found,
    routes.length === 0 ? lookUps.map(({ path }) => ({ path, pattern: undefined, parameters: [] })) : lookUps,
  );
}

function findMyWayContestant(lookUps: readonly LookUp[]): Contestant {
  const router = FindMyWay();
  for (const { method, path } of ROUTE_TABLE) {
    router.on(method as 'GET', path.replace(/\*\w+$/, '*'), () => undefined, { pattern: path });
  }
  const paths = lookUps.map(({ path }) => path);
  const run = (times: number): number => {
    let found = 0;
    for (let time = 0; time < times; time++) {
      for (const path of paths) if (router.find('GET', path) !== null) found++;
    }
    return found;
  };
  const verify = (): void => {
    const found = paths.map((path) => {
      const match = router.find('GET', path);
      const pattern: string | undefined = match?.store.pattern;
      return { path, pattern, parameters: Object.values(match?.params ?? {}).map(String) };
    });
    expectFound(found, lookUps);
  };
  return {
    name: 'find-my-way',
    does: 'route and an object of decoded parameters, from a path that is a string already',
    run,
    verify,
  };
}

function expectFound(found: readonly LookUp[], expected: readonly LookUp[]): void {
  const [got, wanted] = [found, expected].map((lookUps) => JSON.stringify(lookUps));
  if (got !== wanted) throw new Error(`a router found ${got}, not ${wanted}`);
}
