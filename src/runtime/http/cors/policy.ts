/**
 * Which origins may read the answers of this server (WHATWG Fetch, "CORS protocol"), as data. Middleware
 * applies it to the requests that an application sees. The runtime applies it to those that it refuses
 * itself, because without these headers a script gets a network error instead of the refusal.
 */

/** Can be sent between threads. */
export interface CorsPolicy {
  /** As CORS_ORIGINS lists them: serialised origins, or "*" alone for every one. None means no CORS. */
  readonly origins: readonly string[];
  /** Names of fields that scripts may send, besides those that REQUEST_HEADERS lists. */
  readonly requestHeaders?: readonly string[];
  /** Names of fields that scripts may read, besides those that EXPOSED_HEADERS lists. */
  readonly exposedHeaders?: readonly string[];
  /** How long a browser may keep the answer to a preflight. A wrong one lasts no longer than that. */
  readonly maxAgeSeconds?: number;
}

export type Headers = Readonly<Record<string, string>>;

const ANY_ORIGIN = '*';
const NONE: Headers = {};
const DEFAULT_MAX_AGE_SECONDS = 600;
/** What HTTP and this runtime understand, and a browser does not send to another origin unasked. */
const REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Unmodified-Since',
  'Last-Event-ID',
  'traceparent',
  'tracestate',
  'X-Request-Id',
];
/** What HTTP and this runtime answer, and a browser would hide. */
const EXPOSED_HEADERS = [
  'Allow',
  'Date',
  'ETag',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'traceparent',
  'WWW-Authenticate',
  'X-Request-Id',
];

export class CorsRules {
  readonly #listed: ReadonlyMap<string, Headers>;
  readonly #any: Headers | null;
  /** The fields that a script of an allowed origin may send, and those that it may read. */
  readonly requestHeaders: string;
  readonly exposedHeaders: string;
  /** In text. */
  readonly maxAgeSeconds: string;

  constructor({ origins, requestHeaders = [], exposedHeaders = [], maxAgeSeconds }: CorsPolicy) {
    const listed = origins.filter((origin) => origin !== ANY_ORIGIN);
    this.#listed = new Map(listed.map((origin) => [origin, headersForListed(origin)]));
    // Never with credentials, because then any page could act as the user of the browser.
    this.#any = origins.includes(ANY_ORIGIN) ? { 'Access-Control-Allow-Origin': ANY_ORIGIN } : null;
    this.requestHeaders = [...REQUEST_HEADERS, ...requestHeaders].join(', ');
    this.exposedHeaders = [...EXPOSED_HEADERS, ...exposedHeaders].join(', ');
    this.maxAgeSeconds = String(maxAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS);
  }

  /** Whether no origin but the server's own may read anything. */
  get allowNone(): boolean {
    return this.#listed.size === 0 && this.#any === null;
  }

  /**
   * Whether the answer differs by origin. A cache must not mix up such answers, so they say `Vary: Origin`,
   * even if the request names no origin.
   */
  get differByOrigin(): boolean {
    return this.#listed.size > 0;
  }

  /**
   * @param origin the value of the field Origin, undefined if there is none
   * @returns the headers that allow it to read an answer, or null if it may not
   */
  allow(origin: string | undefined): Headers | null {
    if (origin === undefined) return null;
    return this.#listed.get(origin) ?? this.#any;
  }

  /** All headers of an answer to a request of this origin that no middleware has seen. */
  ofRefusal(origin: string | undefined): Headers {
    if (this.allowNone) return NONE;
    const allowed = this.allow(origin);
    return {
      ...(this.differByOrigin ? { Vary: 'Origin' } : NONE),
      ...(allowed === null ? NONE : { ...allowed, 'Access-Control-Expose-Headers': this.exposedHeaders }),
    };
  }
}

function headersForListed(origin: string): Headers {
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' };
}
