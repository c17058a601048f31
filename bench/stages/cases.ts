/** What both cores are timed on, so that a difference can be told from another. */
import type { RoutePattern } from '../../src/runtime/core/core.ts';
import { SAMPLE_REQUESTS } from '../requests.ts';
import { LOOK_UPS, ROUTE_TABLE } from '../route-table.ts';

export interface CoreCase {
  readonly name: string;
  readonly stage: 'parse' | 'match';
  /** The bytes, all there at once. */
  readonly text: string;
  /** Whole requests in it. None: the bytes are the beginning of one. */
  readonly requests: number;
  readonly routes: readonly RoutePattern[];
  /** The case with the same bytes and no routes, which is taken away. */
  readonly without?: string;
}

const FEW_ROUTES: readonly RoutePattern[] = [
  { method: 'GET', path: '/health' },
  { method: 'GET', path: '/api/vms' },
  { method: 'POST', path: '/api/vms' },
  { method: 'GET', path: '/wp-content/*file' },
];
const MANY_ROUTES: readonly RoutePattern[] = Array.from({ length: 1000 }, (_, index) => ({
  method: 'GET',
  path: `/api/v${index % 10}/resource-${index}/:id`,
}));
const DEEP_PATH = `/${'a/'.repeat(20)}b`;
const DEEP_ROUTES: readonly RoutePattern[] = [{ method: 'GET', path: DEEP_PATH }, ...ROUTE_TABLE];

const SMALL = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
const PIPELINED = 16;

function withFields(count: number, value: string): string {
  const fields = Array.from({ length: count }, (_, index) => `X-Field-${index}: ${value}\r\n`).join('');
  return `GET /health HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;
}

const CHUNKS = `${'400\r\n'}${'x'.repeat(1024)}\r\n`.repeat(4);

function parse(name: string, text: string, requests = 1): CoreCase {
  return { name, stage: 'parse', text, requests, routes: FEW_ROUTES };
}

/** A look-up is the parse with routes, less the parse of the same bytes without any. */
function match(name: string, paths: readonly string[], routes: readonly RoutePattern[]): CoreCase[] {
  const text = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
  const without = `${name}, no routes`;
  const common = { stage: 'match', text, requests: paths.length } as const;
  return [
    { ...common, name, routes, without },
    { ...common, name: without, routes: [] },
  ];
}

function lookUps(name: string): string[] {
  return (LOOK_UPS.get(name) ?? []).map(({ path }) => path);
}

export const CORE_CASES: readonly CoreCase[] = [
  parse('one byte of a request', 'G', 0),
  parse('small GET', SMALL),
  ...SAMPLE_REQUESTS.slice(0, 1).map(({ text }) => parse(`browser, ${text.length} bytes`, text)),
  parse('60 short fields', withFields(60, 'v')),
  parse('10 fields of 1 KB', withFields(10, 'x'.repeat(1024))),
  parse(`${PIPELINED} pipelined`, SMALL.repeat(PIPELINED), PIPELINED),
  parse(
    'chunked body, 4 KB',
    `POST /api/vms HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}0\r\n\r\n`,
  ),
  ...match('static, 100 routes', lookUps('a static path'), ROUTE_TABLE),
  ...match('one parameter, 100 routes', lookUps('one parameter'), ROUTE_TABLE),
  ...match('21 segments deep', [DEEP_PATH], DEEP_ROUTES),
  ...match('one parameter, 1,000 routes', ['/api/v7/resource-777/65f0c0ffee'], MANY_ROUTES),
  ...match('no such path, 100 routes', lookUps('no such path'), ROUTE_TABLE),
];
