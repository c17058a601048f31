/**
 * The rate limit of an application, as middleware: how many requests a client may send in a minute, whichever
 * workers get them. Every answer that it has seen tells what is left (draft-ietf-httpapi-ratelimit-headers,
 * revision 10), and what is beyond gets 429.
 */
import { randomBytes } from 'node:crypto';
import { type Allowance, RATE_LIMIT_BYTES, RateLimitTable } from '../../memory/clients/rate-limit-table.ts';
import type { SharedRateLimits } from '../../memory/clients/shared-rate-limits.ts';
import { RouterError } from '../application-errors.ts';
import { HttpProblem } from '../problem.ts';
import type { Request } from '../request/request.ts';
import type { Middleware } from '../routing/handler.ts';
import { ClientPlaces } from './client-places.ts';

export interface RateLimitOptions {
  /** Requests of one client in a minute. It may send them at once, and gets them back evenly. */
  readonly perMinute: number;
  /** Who sends a request. Those who have the same name share an allowance. It should cost little. */
  readonly clientOf: (request: Request) => string;
  /** Called for each request that is refused. */
  readonly onRefused?: (request: Request) => void;
}

const MINUTE_US = 60_000_000;
const SECOND_US = 1_000_000;
const MOST_PER_MINUTE = 1_000_000;
/** For the `type` of the problem: each cause has its own. */
const PROBLEM = { type: '/problems/rate-limit-exceeded', title: 'Rate Limit Exceeded' };

/** What to add to `performance.now()`, which begins with its thread, for the clock of all threads. */
const threadStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #allowance: Allowance;
  readonly #policy: string;
  /** Without a server, it counts for this thread alone. */
  #table = new RateLimitTable(new SharedArrayBuffer(RATE_LIMIT_BYTES));
  #places = new ClientPlaces(randomBytes(32));

  /** @throws RouterError */
  constructor(options: RateLimitOptions) {
    const { perMinute } = options;
    if (!Number.isInteger(perMinute) || perMinute < 1 || perMinute > MOST_PER_MINUTE) {
      const rule = `a whole number from 1 to ${MOST_PER_MINUTE}, not ${perMinute}`;
      throw new RouterError('ERR_RATE_LIMIT', `The limit of requests in a minute must be ${rule}`);
    }
    this.#options = options;
    this.#allowance = { requests: perMinute, interval: Math.floor(MINUTE_US / perMinute) };
    this.#policy = `"default";q=${perMinute};w=60`;
  }

  /** From now on it counts together with the other workers. */
  countIn({ table, seed }: SharedRateLimits): void {
    this.#table = table;
    this.#places = new ClientPlaces(seed);
  }

  readonly middleware: Middleware = (request, response) => {
    const { clientOf, onRefused, perMinute } = this.#options;
    const now = Math.floor((threadStartMs + performance.now()) * 1000);
    const { isGranted, remaining, wait } = this.#table.take(
      this.#places.of(clientOf(request)),
      this.#allowance,
      now,
    );
    const seconds = Math.ceil(wait / SECOND_US);
    response.header('RateLimit-Policy', this.#policy);
    response.header('RateLimit', `"default";r=${remaining};t=${seconds}`);
    if (isGranted) return;
    onRefused?.(request);
    const detail = `No more than ${perMinute} requests may be sent in a minute.`;
    throw new HttpProblem(429, detail, { ...PROBLEM, headers: { 'Retry-After': `${seconds}` } });
  };
}
