/**
 * Answers that the application has declared as data (`Router.constant`). Main gives them itself when no
 * worker takes the request soon. Main thread, part of overload.ts.
 *
 * Main has no parser, so it answers only what is simple: GET or HEAD of exactly the path, fields that are
 * plainly valid, and none that asks for more than an answer. All else waits for a worker. Of the
 * application's middleware only its policy of CORS applies.
 */

import { MAX_HEADERS } from '../../../../assembly/record.ts';
import { completeResponse, JSON_CONTENT_TYPE } from '../../http/response/complete-response.ts';
import { withoutContent } from '../../http/response/head-method.ts';
import type { ConstantAnswer } from '../../http/routing/constant-answer.ts';
import type { RefusalHeaders } from '../connections/refusal-headers.ts';

const FIELD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n";
const SIMPLE_HEAD = new RegExp(`^(GET|HEAD) (/[!-~]*) HTTP/1\\.1\\r\\n(?:${FIELD}){1,${MAX_HEADERS}}\\r\\n$`);
/** A longer head may be longer than MAX_HEADER_BYTES. */
const MOST_BYTES = 4096;
const HOSTS = /\nhost:/gi;
/** A name or IPv4 address, or the loopback address of IPv6, and a port that is certainly below 65536. */
const SIMPLE_HOST = /\nhost:[ \t]*(?:[\w.-]+|\[::1\])(?::[0-5]?\d{1,4})?[ \t]*\r/i;
const ASKS_FOR_MORE = /\n(?:content-length|transfer-encoding|connection|upgrade|expect|if-[\w-]+|range):/i;

export class ConstantAnswers {
  readonly #refusalHeaders: Pick<RefusalHeaders, 'ofConstant'>;
  #jsonByPath: ReadonlyMap<string, string> = new Map();

  /** @param refusalHeaders those of all answers that main gives in the application's place */
  constructor(refusalHeaders: Pick<RefusalHeaders, 'ofConstant'>) {
    this.#refusalHeaders = refusalHeaders;
  }

  /** Called when a worker has loaded the application, which may be a new version of it. */
  declare(answers: readonly ConstantAnswer[]): void {
    this.#jsonByPath = new Map(answers.map(({ path, json }) => [path, json]));
  }

  /**
   * @param head of a request, complete
   * @param persists whether the connection persists
   * @returns the response, or null if a worker must answer
   */
  to(head: Buffer, persists: boolean): Buffer | null {
    if (head.length > MOST_BYTES) return null;
    const text = head.toString('latin1');
    const [, method, path = ''] = SIMPLE_HEAD.exec(text) ?? [];
    const body = this.#jsonByPath.get(path);
    if (body === undefined || ASKS_FOR_MORE.test(text)) return null;
    if (text.match(HOSTS)?.length !== 1 || !SIMPLE_HOST.test(text)) return null;
    const response = completeResponse({
      status: 200,
      contentType: JSON_CONTENT_TYPE,
      body,
      headers: this.#refusalHeaders.ofConstant(head),
      persists,
    });
    return method === 'HEAD' ? withoutContent(response) : response;
  }
}
