/**
 * Compares what servers answer before their speed is compared: status, body and the header fields that mean
 * something to a client. Servers that answer differently do different work.
 */
import type { LoadRequest } from '../load/request.ts';
import { exchange } from './wire.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A server as far as its answers are concerned. */
export interface Answerer {
  readonly name: string;
  /** Without a path. */
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
const SHOWN_CHARACTERS = 2000;

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
          `${first.name}:\n${shorten(expected)}\n\n${other.name}:\n${shorten(actual)}\n`,
      );
    }
  }
}

export async function ask({ name, url }: Answerer, request: LoadRequest): Promise<Answer> {
  try {
    const { status, headers, body } = await exchange(url, request);
    const compared = COMPARED.flatMap((field) => {
      const value = headers.get(field);
      return value === undefined ? [] : [[field, value] as const];
    });
    return { status, headers: Object.fromEntries(compared), body: body.toString() };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`${name} does not answer ${request.method} ${request.path}: ${reason}`, { cause });
  }
}

function show({ status, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [status, ...lines, '', body].join('\n');
}

function shorten(text: string): string {
  const rest = text.length - SHOWN_CHARACTERS;
  return rest > 0 ? `${text.slice(0, SHOWN_CHARACTERS)}… ${rest} more characters` : text;
}
