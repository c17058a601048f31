/**
 * Constant answers (`Router.constant`) at once: a connection that main holds has sent a request for one, and
 * main answers without waking a worker. Main thread. client-events.ts asks for all bytes that begin a
 * request.
 *
 * A client sends the same head again and again. Main reads it as own-answers.ts does when it comes for the
 * first time, and then compares bytes: equal requests get equal answers. Whatever is not plain, comes in
 * pieces or is mixed with other requests goes to a worker.
 */

import type { Declarations } from '../../http/declarations.ts';
import { httpDate } from '../../http/response/date.ts';
import type { MainCounts } from '../metrics/main-counts.ts';
import { type OwnAnswers, SOON } from './own-answers.ts';

/** A longer head is read by a worker. Main spends no more on one that differs each time. */
const LONGEST_HEAD_BYTES = 1_024;
/** A longer answer is given by a worker, whose finishers may compress it. */
const LONGEST_ANSWER_BYTES = 1_400;
/** Main answers no more pipelined requests together. A worker has credit, and waits for a slow client. */
const MOST_REQUESTS = 64;
const HEAD_END = '\r\n\r\n';

/** A head that was read, and the answer to it. */
interface KnownRequest {
  readonly head: Buffer;
  /** Each character is a byte. */
  readonly answer: string;
  /** The answer has this Date. */
  readonly date: string;
}

interface Constant {
  readonly path: string;
  /** How a request for it begins. */
  readonly start: Buffer;
  /** The last that was read. */
  known: KnownRequest | null;
}

export class ConstantAnswers {
  readonly #ownAnswers: Pick<OwnAnswers, 'to'>;
  readonly #counts: Pick<MainCounts, 'answeredPath'>;
  #constants: readonly Constant[] = [];

  constructor(ownAnswers: Pick<OwnAnswers, 'to'>, counts: Pick<MainCounts, 'answeredPath'>) {
    this.#ownAnswers = ownAnswers;
    this.#counts = counts;
  }

  /** Called when a worker has loaded the application, which may be a new version of it. */
  declare({ constants }: Pick<Declarations, 'constants'>): void {
    this.#constants = constants.map(({ path }) => ({
      path,
      start: Buffer.from(`GET ${path} `, 'latin1'),
      known: null,
    }));
  }

  /**
   * Answers the requests in the first `count` bytes of `source`, and counts them.
   * @returns what is to be sent, each character a byte, or '' if a worker must look at them
   */
  answer(source: Buffer, count: number): string {
    for (const constant of this.#constants) {
      if (beginsWith(source, constant.start)) return this.#answerWith(constant, source, count);
    }
    return '';
  }

  #answerWith(constant: Constant, source: Buffer, count: number): string {
    const known = this.#knownRequest(constant, source, count);
    if (known === null) return '';
    const requests = count / known.head.length;
    if (!Number.isInteger(requests) || requests > MOST_REQUESTS) return '';
    for (let start = known.head.length; start < count; start += known.head.length) {
      if (!isAt(source, start, known.head)) return '';
    }
    this.#counts.answeredPath(200, constant.path, requests);
    return requests === 1 ? known.answer : known.answer.repeat(requests);
  }

  /** The first request of the bytes, read now or before in this second. */
  #knownRequest(constant: Constant, source: Buffer, count: number): KnownRequest | null {
    const { known } = constant;
    const isKnown = known !== null && count >= known.head.length && isAt(source, 0, known.head);
    if (!isKnown) return this.#read(constant, source, count);
    return known.date === httpDate() ? known : this.#read(constant, known.head, known.head.length);
  }

  #read(constant: Constant, source: Buffer, count: number): KnownRequest | null {
    const bytes = source.subarray(0, Math.min(count, LONGEST_HEAD_BYTES));
    const end = bytes.indexOf(HEAD_END, 0, 'latin1');
    if (end < 0) return null;
    const head = Buffer.from(bytes.subarray(0, end + HEAD_END.length));
    const date = httpDate();
    const answer = this.#ownAnswers.to(head, true);
    if (answer === null || answer === SOON || answer.response.length > LONGEST_ANSWER_BYTES) return null;
    constant.known = { head, answer: answer.response.toString('latin1'), date };
    return constant.known;
  }
}

/**
 * It may look behind the bytes that have come. Then it is no harm if old ones are there, because the whole
 * head is compared or read next.
 */
function beginsWith(source: Buffer, start: Buffer): boolean {
  for (let position = 0; position < start.length; position++) {
    if (source[position] !== start[position]) return false;
  }
  return true;
}

function isAt(source: Buffer, start: number, head: Buffer): boolean {
  return source.compare(head, 0, head.length, start, start + head.length) === 0;
}
