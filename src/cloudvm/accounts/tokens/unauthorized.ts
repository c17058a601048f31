/**
 * The three kinds of 401, each with the challenge that RFC 6750 asks for. Used by the middleware that reads
 * tokens and by the account controller.
 */
import { HttpProblem } from '../../../runtime/application.ts';
import { problem } from '../../contract/problem.ts';

const CHALLENGE = 'Bearer realm="cloudvm"';

/** No error code, because no token was sent (RFC 6750, section 3.1). */
export function missingToken(): HttpProblem {
  return unauthorized('This needs a token. Send one as "Authorization: Bearer TOKEN".', CHALLENGE);
}

/**
 * @param detail also stands in a quoted header value, so it has no quotes
 * @param cause for the log only
 */
export function invalidToken(detail: string, cause?: unknown): HttpProblem {
  const challenge = `${CHALLENGE}, error="invalid_token", error_description="${detail}"`;
  return unauthorized(detail, challenge, cause);
}

/** The same for an unknown address and for a wrong password, so that nobody learns which addresses exist. */
export function wrongCredentials(): HttpProblem {
  const headers = { 'WWW-Authenticate': CHALLENGE };
  return problem('wrong-credentials', 'The e-mail address or the password is wrong.', { headers });
}

function unauthorized(detail: string, challenge: string, cause?: unknown): HttpProblem {
  return new HttpProblem(401, detail, { headers: { 'WWW-Authenticate': challenge }, cause });
}
