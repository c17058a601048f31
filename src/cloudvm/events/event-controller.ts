/** Answers requests for a stream of events. */
import { sendEvents } from '../../runtime/application.ts';
import { userIdOf } from '../accounts/tokens/require-user.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import { problem } from '../contract/problem.ts';
import type { streamEvents } from './event-endpoints.ts';
import type { EventHub } from './event-hub.ts';
import { type Position, parseEventId } from './event-id.ts';

export class EventController {
  readonly #hub: EventHub;

  constructor(hub: EventHub) {
    this.#hub = hub;
  }

  readonly stream: EndpointHandler<typeof streamEvents> = (request, response) => {
    const position = readPosition(request.header('last-event-id'));
    sendEvents(request, response, this.#hub.open(userIdOf(request), position, request.signal));
  };
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
