/** Errors as problem details (RFC 9457), worded as this server words them. */
import type { FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};
const CHALLENGE = 'Bearer realm="cloudvm"';
const MAX_ERRORS = 20;

interface FieldError {
  readonly path: string;
  readonly message: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[];

  constructor(
    status: number,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
    errors: readonly FieldError[] = [],
    title = TITLES[status] ?? 'Error',
  ) {
    super(detail);
    this.status = status;
    this.title = title;
    this.headers = headers;
    this.errors = errors;
  }
}

export function vmNotFound(): Problem {
  return new Problem(404, 'There is no such VM.');
}

export function missingToken(): Problem {
  const detail = 'This needs a token. Send one as "Authorization: Bearer TOKEN".';
  return new Problem(401, detail, { 'www-authenticate': CHALLENGE });
}

export function invalidToken(detail: string): Problem {
  const challenge = `${CHALLENGE}, error="invalid_token", error_description="${detail}"`;
  return new Problem(401, detail, { 'www-authenticate': challenge });
}

export function wrongCredentials(): Problem {
  const headers = { 'www-authenticate': CHALLENGE };
  return new Problem(401, 'The e-mail address or the password is wrong.', headers, [], 'Wrong Credentials');
}

export function tooManyLogins(until: Date): Problem {
  const seconds = Math.max(1, Math.ceil((until.getTime() - Date.now()) / 1000));
  const headers = { 'retry-after': String(seconds) };
  const detail = 'Too many logins have failed. Try again later.';
  return new Problem(429, detail, headers, [], 'Too Many Failed Logins');
}

export function unprocessable(errors: readonly FieldError[]): Problem {
  const some = errors.slice(0, MAX_ERRORS);
  return new Problem(422, 'The request does not match its schema. See errors.', {}, some);
}

/** What the validator found. */
export function ofValidation(errors: readonly FastifySchemaValidationError[]): Problem {
  return unprocessable(errors.map(explain));
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { title } = problem;
  const body = JSON.stringify({
    type: `/problems/${title.toLowerCase().replaceAll(' ', '-')}`,
    title,
    status: problem.status,
    detail: problem.message,
    instance: request.url.split('?', 1)[0],
    ...(problem.errors.length > 0 && { errors: problem.errors }),
  });
  return (
    reply
      .code(problem.status)
      .headers(problem.headers)
      .header('content-type', 'application/problem+json')
      // Otherwise Fastify adds a charset.
      .serializer(String)
      .send(body)
  );
}

function explain({ keyword, instancePath, params, message = '' }: FastifySchemaValidationError): FieldError {
  switch (keyword) {
    case 'required':
      return { path: `${instancePath}/${params['missingProperty']}`, message: 'is required' };
    case 'additionalProperties':
      return { path: `${instancePath}/${params['additionalProperty']}`, message: 'is not a known field' };
    case 'enum':
      return {
        path: instancePath,
        message: `must be one of ${[params['allowedValues']].flat().join(', ')}`,
      };
    case 'minLength':
      return {
        path: instancePath,
        message: `must have at least ${params['limit']} character${params['limit'] === 1 ? '' : 's'}`,
      };
    default:
      return { path: instancePath, message: message.replace('NOT', 'not') };
  }
}
