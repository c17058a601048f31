/**
 * `npm run bench -- parse`: nanoseconds to parse one request, for this project's two cores and undici's
 * llhttp. Their work differs, so the table describes it. The cores check more and match a route. llhttp hands
 * its spans to callbacks as it goes.
 */
import * as r from '../assembly/record.ts';
import type { RoutePattern } from '../src/runtime/core/core.ts';
import { JsCore } from '../src/runtime/core/js/js-core.ts';
import { WasmCore } from '../src/runtime/core/wasm/wasm-core.ts';
import { coreOptions, INPUT_ADDRESS } from './core-input.ts';
import { LlhttpParser } from './llhttp-parser.ts';
import { type Contestant, microTable, race } from './micro.ts';
import { describeOptions, type NumberOption, readOptions } from './options.ts';
import { SAMPLE_REQUESTS, type SampleRequest } from './requests.ts';
import { describeSetting } from './table.ts';

const OPTIONS = {
  rounds: { fallback: 501, least: 3, most: 10_000, about: 'rounds for each parser' },
  milliseconds: { fallback: 1, least: 1, most: 10_000, about: 'milliseconds of each round' },
} as const satisfies Record<string, NumberOption>;

/** A few routes, so that one matches but the parser takes most of the time. */
const ROUTES: readonly RoutePattern[] = [
  { method: 'GET', path: '/health' },
  { method: 'GET', path: '/api/vms' },
  { method: 'GET', path: '/api/vms/:id' },
  { method: 'GET', path: '/wp-content/*file' },
];

const CORE_WORK = 'offsets, header table, Host and framing checked, route matched; in shared memory';

export async function run(parameters: readonly string[]): Promise<void> {
  const { numbers, json, help } = readOptions(parameters, OPTIONS);
  if (help) {
    process.stdout.write(describeOptions(OPTIONS));
    return;
  }
  const options = { rounds: numbers.rounds, batchMs: numbers.milliseconds };
  const parts = SAMPLE_REQUESTS.map((sample) => {
    const results = race(contestants(sample), options, sample.requests);
    if (!json) process.stdout.write(`${title(sample)}\n${microTable(results)}\n\n`);
    return { request: sample.name, bytes: sample.text.length, results };
  });
  if (json)
    process.stdout.write(`${JSON.stringify({ setting: describeSetting(), ...numbers, parts }, null, 2)}\n`);
  else process.stdout.write(`${describeSetting()}, ${numbers.rounds} rounds of ${numbers.milliseconds} ms\n`);
}

function title({ name, text, requests, fields }: SampleRequest): string {
  const each = requests === 1 ? '' : ', times for one of them';
  return `${name}: ${text.length} bytes, ${fields} header fields${requests === 1 ? '' : ' each'}${each}`;
}

function contestants(sample: SampleRequest): Contestant[] {
  const input = Buffer.from(sample.text, 'latin1');
  return [
    wasmContestant(sample, input),
    jsContestant(sample, input),
    llhttpContestant(sample, input, false),
    llhttpContestant(sample, input, true),
  ];
}

/** Each core has a loop of its own: V8 would optimise a loop that both share for neither. */
function wasmContestant(sample: SampleRequest, input: Uint8Array): Contestant {
  const core = new WasmCore(coreOptions(input));
  core.loadRoutes(ROUTES);
  const { record } = core;
  const end = INPUT_ADDRESS + input.length;
  const run = (times: number): number => {
    let fields = 0;
    for (let time = 0; time < times; time++) {
      for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
        if (core.parse(address, end - address) !== r.PARSE_COMPLETE) throw new Error('not a whole request');
        fields += record[r.HEADER_COUNT] as number;
      }
    }
    return fields;
  };
  return {
    name: 'WebAssembly core',
    does: CORE_WORK,
    run,
    verify: () => expectFields(sample, run(1), record),
  };
}

function jsContestant(sample: SampleRequest, input: Uint8Array): Contestant {
  const core = new JsCore(coreOptions(input));
  core.loadRoutes(ROUTES);
  const { record } = core;
  const end = INPUT_ADDRESS + input.length;
  const run = (times: number): number => {
    let fields = 0;
    for (let time = 0; time < times; time++) {
      for (let address = INPUT_ADDRESS; address < end; address += record[r.CONSUMED] as number) {
        if (core.parse(address, end - address) !== r.PARSE_COMPLETE) throw new Error('not a whole request');
        fields += record[r.HEADER_COUNT] as number;
      }
    }
    return fields;
  };
  return {
    name: 'JavaScript core',
    does: CORE_WORK,
    run,
    verify: () => expectFields(sample, run(1), record),
  };
}

function expectFields({ requests, fields }: SampleRequest, found: number, record: Int32Array): void {
  if (found !== requests * fields) throw new Error(`${found} header fields, expected ${requests * fields}`);
  if ((record[r.ROUTE] ?? -1) < 0) throw new Error('no route was matched');
}

function llhttpContestant(sample: SampleRequest, input: Uint8Array, makesStrings: boolean): Contestant {
  const parser = new LlhttpParser(input, makesStrings);
  return {
    name: makesStrings ? "undici's llhttp, strings" : "undici's llhttp",
    does: makesStrings
      ? 'one callback a span, each made a string; no Host check, no route'
      : 'one callback a span that counts it; no Host check, no route',
    run: (times) => {
      for (let time = 0; time < times; time++) {
        if (parser.parse() !== 0) throw new Error('llhttp refused the request');
      }
      return parser.fields + parser.characters;
    },
    verify: () => {
      const { requests, fields, characters } = parser;
      parser.parse();
      const found = [parser.requests - requests, parser.fields - fields];
      if (found[0] !== sample.requests || found[1] !== sample.requests * sample.fields) {
        throw new Error(`llhttp found ${found.join(' requests and ')} header fields`);
      }
      if (makesStrings === (parser.characters === characters))
        throw new Error('strings are not made as said');
    },
  };
}
