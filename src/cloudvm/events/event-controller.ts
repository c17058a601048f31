/** Answers requests for a stream of events. */
import { type ServerSentEvent, sendEvents } from '../../runtime/application.ts';
import type { Sessions } from '../accounts/sessions/sessions.ts';
import { subjectOf } from '../accounts/tokens/require-user.ts';
import type { TokenSubject } from '../accounts/tokens/token-claims.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import { problem } from '../contract/problem.ts';
import type { streamEvents } from './event-endpoints.ts';
import type { EventHub } from './event-hub.ts';
import { type Position, parseEventId } from './event-id.ts';
import type { EventStream } from './event-stream.ts';

export class EventController {
  readonly #hub: EventHub;
  readonly #sessions: Pick<Sessions, 'follow'>;

  constructor(hub: EventHub, sessions: Pick<Sessions, 'follow'>) {
    this.#hub = hub;
    this.#sessions = sessions;
  }

  readonly stream: EndpointHandler<typeof streamEvents> = (request, response) => {
    const position = readPosition(request.header('last-event-id'));
    const subject = subjectOf(request);
    const stream = this.#hub.open(subject.userId, position, request.signal);
    sendEvents(request, response, this.#duringSession(subject, stream));
  };

  /** Ends with the session: when the token expires or is withdrawn. */
  async *#duringSession(
    subject: TokenSubject,
    stream: EventStream,
  ): AsyncGenerator<ServerSentEvent, void, undefined> {
    using _session = this.#sessions.follow(subject, () => stream.end());
    yield* stream;
  }
}

/** @throws HttpProblem 400 */
function readPosition(id: string | undefined): Position | undefined {
  // Browsers send an empty id if the server has sent one.
  if (id === undefined || id === '') return undefined;
  const position = parseEventId(id);
  if (position === undefined) {
    throw problem('bad-request', 'The Last-Event-ID was not sent by this server. Connect without it.');
  }
  return position;
}
