/**
 * Compares what servers answer before their speed is compared: status, body and the header fields that mean
 * something to a client. Servers that answer differently do different work.
 */
import { request as send } from 'undici';
import { type LoadRequest, withUniqueText } from '../load.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A server as far as its answers are concerned. */
export interface Answerer {
  readonly name: string;
  readonly url: string;
}

/** Makes the same of two answers that may differ, such as those with new ids. */
export type Normalize = (answer: Answer) => Answer;

const COMPARED = [
  'content-type',
  'etag',
  'location',
  'operation-location',
  'cache-control',
  'www-authenticate',
  'retry-after',
];

export class DifferentAnswersError extends Error {
  readonly code = 'ERR_DIFFERENT_ANSWERS';
  override readonly name = 'DifferentAnswersError';
}

/** @throws DifferentAnswersError that shows both answers */
export async function assertSameAnswers(
  servers: readonly Answerer[],
  requests: readonly LoadRequest[],
  normalize: Normalize = (answer) => answer,
): Promise<void> {
  const [first, ...others] = servers;
  if (first === undefined) return;
  for (const request of requests) {
    const expected = show(normalize(await ask(first, request)));
    for (const other of others) {
      const actual = show(normalize(await ask(other, request)));
      if (actual === expected) continue;
      throw new DifferentAnswersError(
        `${request.method} ${request.path} is answered differently\n\n` +
          `${first.name}:\n${expected}\n\n${other.name}:\n${actual}\n`,
      );
    }
  }
}

export async function ask({ url }: Answerer, request: LoadRequest): Promise<Answer> {
  const { method, path, headers, body } = withUniqueText(request);
  const response = await send(url + path, { method, headers: { ...headers }, body: body ?? null });
  const compared = COMPARED.flatMap((name) => {
    const value = response.headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  return {
    status: response.statusCode,
    headers: Object.fromEntries(compared),
    body: await response.body.text(),
  };
}

function show({ status, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [status, ...lines, '', body].join('\n');
}
