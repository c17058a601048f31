/**
 * What a turn does with a request that it does not run, or not yet: the core has refused it, more of it must
 * come, or its route is closed. Worker threads only. Like other steps of a turn, these return true when the
 * next request may follow at once.
 */

import { PARSE_COMPLETE, REASON_BODY_TOO_LARGE } from '../../../../assembly/record.ts';
import { hasAcceptedHead, reasonSentence } from '../../core/reasons.ts';
import { bodyTooLarge, HttpProblem } from '../../http/problem.ts';
import { TURN_CLOSE, TURN_NEED } from '../../memory/protocol.ts';
import { PLACE_UNREAD } from '../../memory/workers/request-counts.ts';
import { Upload } from '../uploads/upload.ts';
import { refusal } from './refusal.ts';
import type { TurnSteps } from './turn-steps.ts';

export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/**
 * The core has refused the request. If it has accepted the head, the answer has all that global middleware
 * adds, such as the headers of CORS. The start of the next request is unknown, so the connection closes.
 */
export function refuse(turn: TurnSteps): boolean {
  const { input, host } = turn;
  const { context, record, pipeline } = host;
  const { start, end } = input;
  const { errorStatus, errorReason } = record;
  if (errorReason === REASON_BODY_TOO_LARGE && takesStream(turn)) return receive(turn);
  if (!hasAcceptedHead(errorReason) || input.parseHead() !== PARSE_COMPLETE) {
    const { declarations } = pipeline;
    const bytes = context.shared.bytes.subarray(start, end);
    context.counts.addUnhandled(PLACE_UNREAD, errorStatus);
    turn.writeThenEnd(
      refusal({ status: errorStatus, reason: errorReason, bytes, declarations }),
      TURN_CLOSE,
      0,
    );
    return false;
  }
  return turn.answerWithProblem(new HttpProblem(errorStatus, reasonSentence(errorReason)));
}

/** The request is incomplete. Main waits for more bytes, and is told how many if that is known. */
export function awaitRest(turn: TurnSteps): boolean {
  const { input, host } = turn;
  const { record, pipeline } = host;
  const { mustInvite, isHeadNew } = input;
  if (isHeadNew && pipeline.takesStream(record.route) && takesStream(turn)) return receive(turn);
  if (isHeadNew && record.missing > pipeline.maxBodyBytesOf(record.route)) {
    // The rest may be on its way, so the connection closes after the answer.
    record.dropContent();
    return turn.answerWithProblem(bodyTooLarge());
  }
  if (mustInvite && record.route < 0) {
    // No route takes the request, so we do not ask for its content (RFC 9110, section 10.1.1). The client
    // may send it anyway, so the connection closes after the answer.
    record.dropContent();
    return turn.run(null);
  }
  const missing = input.suspend();
  if (mustInvite) turn.writeThenEnd(CONTINUE, TURN_NEED, missing);
  else turn.end(TURN_NEED, missing);
  return false;
}

/** The route has ended its workers again and again (server/workers/route-cut-off.ts). */
export function answerCutOff(turn: TurnSteps, route: number): boolean {
  const { cutOffRoutes, times } = turn.host.context;
  const headers = { 'Retry-After': `${cutOffRoutes.secondsLeft(route, times.lastRead)}` };
  const detail = 'This route has failed again and again, and is closed for a while.';
  return turn.answerWithProblem(new HttpProblem(503, detail, { headers }));
}

/** Parses the head alone into the record. @returns whether its route takes a stream */
function takesStream({ input, host }: TurnSteps): boolean {
  return input.parseStreamedHead() === PARSE_COMPLETE && host.pipeline.takesStream(host.record.route);
}

/** Runs the request whose head is in the record, while its body is still coming. */
function receive(turn: TurnSteps): boolean {
  const { input, suspension } = turn;
  const { context, record, admitsUpload } = turn.host;
  const upload = new Upload(record, {
    input,
    post: context.post,
    invite: () => suspension.invite(),
    onClosed: (end) => suspension.endUpload(upload, end),
    maxTrailerBytes: context.start.limits.maxHeaderBytes,
  });
  record.awaitContent(input.seen - input.consumed);
  if (admitsUpload) return turn.run(upload);
  const headers = { 'Retry-After': '1' };
  return turn.answerWithProblem(new HttpProblem(503, 'Too many uploads are in process.', { headers }));
}
