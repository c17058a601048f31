/** Sends one request over undici and reads its answer, within limits of time and size. */
import { Agent, type Dispatcher } from 'undici';
import type { OperationId } from '../../cloudvm/contract/client-contract.ts';
import { CloudVmBadAnswer } from '../errors/client-error.ts';
import type { Settings } from '../options.ts';
import type { Deadline } from '../retries/deadline.ts';
import { Answer, type RawFields } from './answer.ts';
import { PhaseTimer } from './phase-timer.ts';
import { transportError } from './transport-error.ts';

export interface OutgoingRequest {
  readonly operationId: OperationId;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query, without the base path. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** An answer whose content is still to come. */
export interface OpenAnswer {
  readonly status: number;
  readonly fields: RawFields;
  readonly content: Dispatcher.ResponseData['body'];
}

export class Transport {
  readonly settings: Settings;
  readonly #dispatcher: Dispatcher;
  /** Whether the dispatcher was made here, and is closed here. */
  readonly #isOwn: boolean;

  constructor(settings: Settings, dispatcher: Dispatcher | undefined) {
    this.settings = settings;
    this.#isOwn = dispatcher === undefined;
    this.#dispatcher = dispatcher ?? newAgent(settings);
  }

  /** @throws CloudVmTimeout, CloudVmNetworkError, CloudVmBadAnswer, or the reason of the caller's signal */
  async exchange(request: OutgoingRequest, deadline: Deadline): Promise<Answer> {
    using timer = new PhaseTimer(request.operationId, deadline);
    try {
      return await this.read(await this.open(request, timer), request, timer);
    } catch (error) {
      throw transportError(request.operationId, error, timer.signal);
    }
  }

  /** Sends a request and waits for the head of its answer. The timer's signal ends the content, too. */
  async open(request: OutgoingRequest, timer: PhaseTimer): Promise<OpenAnswer> {
    const { origin, basePath, timeouts } = this.settings;
    timer.begin('headers', timeouts.headersMs);
    const { statusCode, headers, body } = await this.#dispatcher.request({
      origin,
      path: basePath + request.target,
      method: request.method,
      headers: request.headers,
      ...(request.body !== undefined && { body: request.body }),
      signal: timer.signal,
      // The timer is exact and knows the phases.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // Without a listener, an error that comes before the content is read would end the process.
    body.on('error', () => undefined);
    timer.pause();
    return { status: statusCode, fields: headers, content: body };
  }

  /** @throws CloudVmBadAnswer if it is too large */
  async read(answer: OpenAnswer, { operationId }: OutgoingRequest, timer: PhaseTimer): Promise<Answer> {
    const { timeouts, maxAnswerBytes } = this.settings;
    timer.begin('body', timeouts.bodyMs);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.content as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // Leaving the loop destroys the connection, so the rest is not received.
      if (bytes > maxAnswerBytes) {
        throw new CloudVmBadAnswer(`The answer to ${operationId} is larger than ${maxAnswerBytes} bytes`);
      }
      chunks.push(chunk);
    }
    return new Answer(answer.status, answer.fields, Buffer.concat(chunks, bytes).toString('utf8'));
  }

  async close(): Promise<void> {
    if (this.#isOwn) await this.#dispatcher.destroy();
  }
}

function newAgent({ timeouts, maxConnections }: Settings): Agent {
  return new Agent({ connect: { timeout: timeouts.connectMs }, connections: maxConnections });
}
