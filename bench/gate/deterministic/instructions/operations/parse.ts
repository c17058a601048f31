/** Parsing a request and matching its route, on one core. */
import * as r from '../../../../../assembly/record.ts';
import type { RoutePattern } from '../../../../../src/runtime/core/core.ts';
import { JsCore } from '../../../../../src/runtime/core/js/js-core.ts';
import { WasmCore } from '../../../../../src/runtime/core/wasm/wasm-core.ts';
import { coreOptions, INPUT_ADDRESS } from '../../../../core-input.ts';
import { SAMPLE_REQUESTS } from '../../../../requests.ts';
import { LOOK_UPS, ROUTE_TABLE } from '../../../../route-table.ts';
import type { MeasuredCore } from '../measurements.ts';
import type { Operation } from './operation.ts';

/** A few routes, so that one matches but the parser takes most of the time. */
const FEW_ROUTES: readonly RoutePattern[] = [
  { method: 'GET', path: '/health' },
  { method: 'GET', path: '/api/vms' },
  { method: 'GET', path: '/api/vms/:id' },
  { method: 'GET', path: '/wp-content/*file' },
];

/** @param name of a sample request (bench/requests.ts) */
export function parse(kind: MeasuredCore, name: string): Operation {
  const sample = SAMPLE_REQUESTS.find((candidate) => candidate.name === name);
  if (sample === undefined) throw new Error(`there is no sample request with the name ${name}`);
  return parsing(kind, sample.text, FEW_ROUTES);
}

/** Each time parses a small request for every path of the route table. */
export function parseForRoutes(kind: MeasuredCore, routes: 'all' | 'none'): Operation {
  const lookUps = [...LOOK_UPS.values()].flat();
  const text = lookUps.map(({ path }) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
  return parsing(kind, text, routes === 'all' ? ROUTE_TABLE : []);
}

/** A process measures one core only, so V8 sees one core in this loop and optimises it for that one. */
function parsing(kind: MeasuredCore, text: string, routes: readonly RoutePattern[]): Operation {
  const input = Buffer.from(text, 'latin1');
  const options = coreOptions(input);
  const core = kind === 'wasm' ? new WasmCore(options) : new JsCore(options);
  core.loadRoutes(routes);
  const { record } = core;
  const end = INPUT_ADDRESS + input.length;
  return {
    run(times) {
      let found = 0;
      for (let time = 0; time < times; time += 1) {
        for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
          if (core.parse(address, end - address) !== r.PARSE_COMPLETE) throw new Error('not a whole request');
          found = (found + (record[r.HEADER_COUNT] as number) + (record[r.ROUTE] as number)) | 0;
        }
      }
      return found;
    },
  };
}
