/**
 * Plays one case to a server: writes its bytes at the given pace, waits for the expected events, and then
 * makes sure that nothing else happens. Time is measured in round trips of other requests, not in
 * milliseconds.
 */

import type { ConformanceCase, Expectation } from './case.ts';
import { type Address, Connection } from './connection.ts';
import { isInterim, type Response } from './response.ts';

/** How the bytes are written: as the case says, or each in a segment of its own. */
export type Pace = 'whole' | 'every byte';

export interface Outcome {
  /** Interim and final responses, in order. */
  readonly responses: readonly Response[];
  /** Bytes that are not a response. */
  readonly rest: string;
  readonly closed: boolean;
  readonly error: string | undefined;
  /** The fault of one more request on a connection that should have stayed open. */
  readonly nextRequest: string | undefined;
}

/** A server that has not answered by then will never answer. */
const DEADLINE_MS = 15_000;
/** A gate opens after this, response or not. Long enough that it is no race on a busy machine. */
const GATE_MS = 5_000;
/** Round trips of other requests after which a server has done what it was going to do. */
const SETTLING_ROUND_TRIPS = 3;

/** Cases that are longer are cut at each of their first and last bytes, and elsewhere at every so many. */
const LONG_CASE_BYTES = 1200;
const LONG_CASE_EDGE_BYTES = 300;
const LONG_CASE_STRIDE_BYTES = 97;

export async function play(conformanceCase: ConformanceCase, address: Address, pace: Pace): Promise<Outcome> {
  const { expect, fin } = conformanceCase;
  using connection = await Connection.open(address, expect.head);
  await send(connection, conformanceCase, pace);
  if (fin === true) connection.finish();
  const finals = (): Response[] => connection.responses.filter((response) => !isInterim(response));
  const wanted = expect.responses ?? 1;
  await connection.until(() => connection.closed || finals().length >= wanted, DEADLINE_MS);
  const endings = possibleEndings(expect, finals()[0]);
  if (endings.every((closes) => closes === true))
    await connection.until(() => connection.closed, DEADLINE_MS);
  else await settle(address);
  const { responses, rest, closed, error } = connection;
  const canServe = endings.includes(false) && !closed && wanted > 0 && !endsInsideRequest(conformanceCase);
  const nextRequest = canServe ? await tryNextRequest(connection) : undefined;
  return { responses, rest, closed, error, nextRequest };
}

/**
 * Whether the server closes, in those of the expected alternatives that begin with the response that came.
 */
function possibleEndings(expect: Expectation, first: Response | undefined): (boolean | null)[] {
  const alternatives = (expect.anyOf ?? [{}]).map((alternative) => ({ ...expect, ...alternative }));
  const possible = alternatives.filter(
    ({ statuses }) => first === undefined || statuses.includes(first.status),
  );
  return possible.map(({ closes }) => closes);
}

/** The last bytes are the beginning of a request line that never ends, so no other request can follow. */
function endsInsideRequest({ raw }: ConformanceCase): boolean {
  return /^[A-Z]+ \/\S*$/.test(raw.slice(raw.lastIndexOf('\r\n\r\n') + 4));
}

async function send(connection: Connection, conformanceCase: ConformanceCase, pace: Pace): Promise<void> {
  const bytes = Buffer.from(conformanceCase.raw, 'latin1');
  const gates = conformanceCase.gate ?? [];
  let from = 0;
  let heads = 0;
  for (const cut of cutsOf(conformanceCase, pace)) {
    await connection.write(bytes.subarray(from, cut));
    from = cut;
    if (!gates.includes(cut)) continue;
    await connection.until(() => connection.closed || connection.responses.length > heads, GATE_MS);
    heads++;
  }
  await connection.write(bytes.subarray(from));
}

function cutsOf({ raw, split, gate = [] }: ConformanceCase, pace: Pace): number[] {
  const cuts = new Set(gate);
  if (Array.isArray(split)) for (const cut of split) cuts.add(cut);
  if (split === 'each' || pace === 'every byte') for (const cut of everyByte(raw.length)) cuts.add(cut);
  return [...cuts].filter((cut) => cut > 0 && cut < raw.length).sort((a, b) => a - b);
}

function everyByte(length: number): number[] {
  const cuts = Array.from({ length }, (_, i) => i);
  if (length <= LONG_CASE_BYTES) return cuts;
  return cuts.filter(
    (cut) =>
      cut < LONG_CASE_EDGE_BYTES || cut > length - LONG_CASE_EDGE_BYTES || cut % LONG_CASE_STRIDE_BYTES === 0,
  );
}

/** Lets requests that came later overtake whatever the server may still be doing. */
async function settle(address: Address): Promise<void> {
  using other = await Connection.open(address);
  for (let trips = 1; trips <= SETTLING_ROUND_TRIPS; trips++) {
    await other.write(Buffer.from('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    await other.until(() => other.closed || other.responses.length >= trips, DEADLINE_MS);
  }
}

/** A server that took a byte too many or too few for the case cannot answer this. */
async function tryNextRequest(connection: Connection): Promise<string | undefined> {
  const before = connection.responses.length;
  await connection.write(
    Buffer.from('GET /params/next/request HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
  );
  await connection.until(() => connection.closed, DEADLINE_MS);
  const [response, ...others] = connection.responses.slice(before);
  if (response === undefined) return connection.closed ? 'no answer but a close' : 'no answer';
  if (others.length > 0) return `${others.length} answers too many`;
  if (response.status !== 200 || response.body !== '{"a":"next","b":"request"}') {
    return `${response.status} ${JSON.stringify(response.body.slice(0, 80))}`;
  }
  return connection.closed ? undefined : 'the connection stays open after Connection: close';
}
