/**
 * Makes sure that all arms of a scenario send the same, as far as HTTP lets them, and says what they do not.
 * Equal answers are the business of answers.ts. This is about how they are sent.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadRequest } from '../load/request.ts';
import { type Answerer, DifferentAnswersError } from './answers.ts';
import { type WireAnswer, WireConnection } from './wire.ts';

export interface Equality {
  /** What is the same on all arms. */
  readonly verified: readonly string[];
  /** What is not, and cannot be. */
  readonly differences: readonly string[];
}

interface Sent {
  readonly name: string;
  readonly answer: WireAnswer;
}

/** Servers name themselves and their timeouts, which is not the work that is compared. */
const LEAST_TOLERANCE_BYTES = 160;
const TOLERANCE = 0.02;
/** A clock of whole seconds has ticked after this. */
const TICK_MS = 1_100;
const MOST_CLOCK_ERROR_MS = 5_000;

/**
 * @param closes whether the request asks for the end of its connection
 * @throws DifferentAnswersError
 */
export async function assertEqualArms(
  servers: readonly Answerer[],
  request: LoadRequest,
  closes: boolean,
): Promise<Equality> {
  const sent = await Promise.all(servers.map((server) => observe(server, request, closes)));
  for (const one of sent) assertWhole(one);
  const [first, ...others] = sent;
  if (first === undefined) return { verified: [], differences: [] };
  for (const other of others) assertSimilarSize(first, other);
  const sizes = sent.map(({ answer }) => answer.bytes);
  return {
    verified: [
      `status ${first.answer.status}, Content-Type and a body of ${first.answer.body.length} bytes`,
      'a Content-Length, no compression and no chunks',
      'a Date that is right and ticks',
      closes ? 'the connection is closed after each answer' : 'the connection persists',
      `${Math.min(...sizes)} to ${Math.max(...sizes)} bytes for each answer, where ${toleranceOf(first)} may differ`,
    ],
    differences: others.flatMap((other) => differencesOf(first, other)),
  };
}

/** Two answers, so far apart that the Date must differ: on the same connection unless each closes its own. */
async function observe({ name, url }: Answerer, request: LoadRequest, closes: boolean): Promise<Sent> {
  try {
    using connection = await WireConnection.open(url);
    const answer = await connection.exchange(request);
    await delay(TICK_MS);
    using another = closes ? await WireConnection.open(url) : undefined;
    const second = await (another ?? connection).exchange(request);
    assertTicks(name, answer, second);
    if (closes && answer.headers.get('connection')?.toLowerCase() !== 'close') {
      throw new DifferentAnswersError(`${name} does not say that it closes the connection`);
    }
    return { name, answer };
  } catch (cause) {
    if (cause instanceof DifferentAnswersError) throw cause;
    const reason = cause instanceof Error ? cause.message : cause;
    throw new DifferentAnswersError(`${name}: ${request.method} ${request.path}: ${reason}`, { cause });
  }
}

function assertTicks(name: string, first: WireAnswer, second: WireAnswer): void {
  const [before, after] = [first, second].map(({ headers }) => Date.parse(headers.get('date') ?? ''));
  if (before === undefined || after === undefined || Number.isNaN(before) || Number.isNaN(after)) {
    throw new DifferentAnswersError(`${name} sends no Date`);
  }
  if (after <= before) throw new DifferentAnswersError(`the Date of ${name} does not tick`);
  if (Math.abs(after - Date.now()) > MOST_CLOCK_ERROR_MS) {
    throw new DifferentAnswersError(`the Date of ${name} is wrong`);
  }
}

function assertWhole({ name, answer: { headers } }: Sent): void {
  for (const field of ['content-encoding', 'transfer-encoding']) {
    if (headers.has(field)) throw new DifferentAnswersError(`${name} sends ${field}: ${headers.get(field)}`);
  }
}

function assertSimilarSize(first: Sent, other: Sent): void {
  const tolerance = toleranceOf(first);
  if (Math.abs(first.answer.bytes - other.answer.bytes) <= tolerance) return;
  throw new DifferentAnswersError(
    `${first.name} sends ${first.answer.bytes} bytes and ${other.name} ${other.answer.bytes}, ` +
      `which differ by more than ${tolerance}`,
  );
}

function toleranceOf({ answer }: Sent): number {
  return Math.max(LEAST_TOLERANCE_BYTES, Math.round(answer.bytes * TOLERANCE));
}

function differencesOf(first: Sent, other: Sent): string[] {
  const [ours, theirs] = [first, other].map(({ answer }) => new Set(answer.headers.keys()));
  const more = [...(theirs?.difference(ours ?? new Set()) ?? [])];
  const less = [...(ours?.difference(theirs ?? new Set()) ?? [])];
  const bytes = other.answer.bytes - first.answer.bytes;
  if (more.length === 0 && less.length === 0) return [];
  const parts = [
    more.length > 0 ? `also sends ${more.join(', ')}` : '',
    less.length > 0 ? `does not send ${less.join(', ')}` : '',
  ].filter(Boolean);
  const size = `${Math.abs(bytes)} bytes ${bytes < 0 ? 'less' : 'more'} than ${first.name}`;
  return [`${other.name} ${parts.join(' and ')} (${size})`];
}
