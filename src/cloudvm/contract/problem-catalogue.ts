/**
 * Every cause for which a request is refused, by the last part of its `type`: `/problems/NAME`. Controllers
 * throw them, the OpenAPI document lists them, and each has a page that explains it. The first part are the
 * runtime's: their names are the phrases of the statuses.
 */

export interface ProblemCause {
  readonly status: number;
  readonly title: string;
  /** For the developer who reads the page: what it means, and what to do. */
  readonly explanation: string;
}

export const PROBLEM_CAUSES = {
  'bad-request': {
    status: 400,
    title: 'Bad Request',
    explanation:
      'The request cannot be read: its syntax, its percent-encoding, its JSON or a header field is malformed. `detail` names the place. The same request will fail again.',
  },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    explanation:
      'The route needs a user. Log in at `POST /api/auth/login` and send the token as `Authorization: Bearer TOKEN`. A token expires (`expiresAt`), and it is withdrawn when its account is deleted or gets another password: then log in again.',
  },
  'not-found': {
    status: 404,
    title: 'Not Found',
    explanation:
      'There is no such path, or no such resource among your own. An id that is malformed, and one that belongs to somebody else, do not exist for you either.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method Not Allowed',
    explanation: 'The path exists, but not with this method. `Allow` lists the methods that it has.',
  },
  'not-acceptable': {
    status: 406,
    title: 'Not Acceptable',
    explanation: 'The resource has no form that the `Accept` field of the request allows.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request Timeout',
    explanation: 'The request took too long to arrive. Send it again, in one go.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    explanation: 'The present state of the resource does not allow it.',
  },
  'length-required': {
    status: 411,
    title: 'Length Required',
    explanation:
      'The route needs a body, but the request announces none. Send `Content-Length`, or `Transfer-Encoding: chunked`.',
  },
  'precondition-failed': {
    status: 412,
    title: 'Precondition Failed',
    explanation:
      'The resource is not in the state that `If-Match` or `If-None-Match` names, so nothing was changed. Read it again, decide again, and send the new `ETag`.',
  },
  'content-too-large': {
    status: 413,
    title: 'Content Too Large',
    explanation: 'The body is larger than the server takes.',
  },
  'uri-too-long': {
    status: 414,
    title: 'URI Too Long',
    explanation: 'The path and the query together are longer than the server takes.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported Media Type',
    explanation: 'Bodies are JSON in UTF-8, without a content coding: send `Content-Type: application/json`.',
  },
  'expectation-failed': {
    status: 417,
    title: 'Expectation Failed',
    explanation: 'The only `Expect` that the server knows is `100-continue`.',
  },
  'unprocessable-content': {
    status: 422,
    title: 'Unprocessable Content',
    explanation:
      'The body or the query does not match its schema. `errors` lists each path and what is wrong there. Unknown fields are errors too.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too Many Requests',
    explanation: 'Wait for the seconds that `Retry-After` names.',
  },
  'request-header-fields-too-large': {
    status: 431,
    title: 'Request Header Fields Too Large',
    explanation: 'The header section is larger, or has more fields, than the server takes.',
  },
  'internal-server-error': {
    status: 500,
    title: 'Internal Server Error',
    explanation: 'A defect of the server. It is logged. Whether the request was carried out is not known.',
  },
  'not-implemented': {
    status: 501,
    title: 'Not Implemented',
    explanation: 'The method or the transfer coding is none that the server knows.',
  },
  'service-unavailable': {
    status: 503,
    title: 'Service Unavailable',
    explanation:
      'The server or its database cannot serve the request now. Try again after the seconds that `Retry-After` names.',
  },
  'gateway-timeout': {
    status: 504,
    title: 'Gateway Timeout',
    explanation: 'The request took too long. Whether it was carried out is not known.',
  },
  'http-version-not-supported': {
    status: 505,
    title: 'HTTP Version Not Supported',
    explanation: 'The server speaks HTTP/1.1 and HTTP/1.0.',
  },

  'already-taken': {
    status: 409,
    title: 'Already Taken',
    explanation: 'Another account has the e-mail address or the username. `errors` names which.',
  },
  'wrong-credentials': {
    status: 401,
    title: 'Wrong Credentials',
    explanation: 'The e-mail address or the password is wrong. The answer does not tell which.',
  },
  'wrong-password': {
    status: 403,
    title: 'Wrong Password',
    explanation:
      'The token is valid, but what was asked for needs the password of the account as well, and it was another one. The token stays valid.',
  },
  'too-many-failed-logins': {
    status: 429,
    title: 'Too Many Failed Logins',
    explanation: 'Too many logins have failed. Try again after the seconds that `Retry-After` names.',
  },
  'too-many-registrations': {
    status: 429,
    title: 'Too Many Registrations',
    explanation:
      'Too many accounts were registered from your network. Try again after the seconds that `Retry-After` names.',
  },
  'vm-pending': {
    status: 409,
    title: 'VM Pending',
    explanation:
      'An operation changes the VM now: it is pending or stopping. This passes by itself. Try again after the seconds that `Retry-After` names, or wait for the operation.',
  },
  'vm-status-conflict': {
    status: 409,
    title: 'VM Status Conflict',
    explanation:
      'The status of the VM does not allow it. Only a running VM can be stopped or restarted, and only one that is stopped or in error can be started.',
  },
  'vm-quota-exceeded': {
    status: 409,
    title: 'VM Quota Exceeded',
    explanation:
      'You have as many VMs as one user may have on this server. Delete one of them, and send the request again.',
  },
  'snapshot-pending': {
    status: 409,
    title: 'Snapshot Pending',
    explanation: 'The snapshot is still being taken. This passes by itself.',
  },
  'rate-limit-exceeded': {
    status: 429,
    title: 'Rate Limit Exceeded',
    explanation:
      'You have sent more requests than the server takes in a minute (`RateLimit-Policy`). Wait for the seconds that `Retry-After` names. Every answer tells in `RateLimit` how many requests are left: `r` may follow at once, and in `t` seconds there are more.',
  },
  'too-many-streams': {
    status: 429,
    title: 'Too Many Streams',
    explanation: 'You have as many streams of events as one user may have. End one of them.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency Key Reused',
    explanation:
      'The `Idempotency-Key` belongs to an earlier request: to another path, with another body or with other preconditions. Nothing was done. Use a new key for a new request.',
  },
  'idempotency-key-in-use': {
    status: 409,
    title: 'Idempotency Key In Use',
    explanation:
      'A request with this `Idempotency-Key` is under way, or the process that had it died a moment ago. Send the same request again after the seconds that `Retry-After` names, and you get its answer.',
  },
  'too-many-idempotency-keys': {
    status: 429,
    title: 'Too Many Idempotency Keys',
    explanation:
      'As many of your keys are remembered as one user may have on this server. Each is forgotten 24 hours after its first request, the next one after the seconds that `Retry-After` names. Requests without a key are served.',
  },
} as const satisfies Record<string, ProblemCause>;

export type ProblemName = keyof typeof PROBLEM_CAUSES;
