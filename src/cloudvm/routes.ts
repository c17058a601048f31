/**
 * Puts the routes of CloudVM together. Each request passes in the contract's order: CORS, then the
 * route's own check of the token, then its handler. Each worker calls this once, before it serves.
 */

import {
  type CorsPolicy,
  compression,
  type Handler,
  type Middleware,
  type RateLimitOptions,
  type RequestIdentity,
  type Router,
} from '../runtime/application.ts';
import { requireUser, requireUserOrRepetition, type TokenVerifier } from './accounts/tokens/require-user.ts';
import type { TokenSubject } from './accounts/tokens/token-claims.ts';
import type { Api } from './api.ts';
import { type OperationId, ROUTES, type Route } from './contract/routes.ts';
import { databaseProblem, isDatabaseTrouble } from './database/database-problems.ts';
import { registerDocumentation } from './documentation/documentation-routes.ts';
import { HealthController, type Readiness } from './health/health-controller.ts';
import type { OnDemand } from './on-demand.ts';
import type { ReportTrouble } from './report-trouble.ts';
import type { CountThrottled } from './throttling.ts';

/** A user's answers are for nobody else, and a token may be withdrawn before they are asked for again. */
const PRIVATE = { 'Cache-Control': 'private, no-cache' };

export interface RoutesOptions {
  readonly corsOrigins: readonly string[];
  /** Fields that scripts of these origins may send, besides those of the API. */
  readonly corsHeaders?: readonly string[];
  readonly corsMaxAgeSeconds?: number;
  /** undefined: everybody may read the metrics. */
  readonly metricsToken?: string | undefined;
  /** A function, because routes are registered before the worker has its secrets. */
  readonly tokens: () => TokenVerifier;
  readonly api: Pick<OnDemand<Api>, 'open'>;
  readonly readiness: Readiness;
  /** undefined: every client may send as many requests as it likes. */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Called when a request failed because the database is unreachable, full or too slow. */
  readonly onDatabaseTrouble: ReportTrouble;
  /** Called when a bound refuses a request. */
  readonly onThrottled: CountThrottled;
}

export function registerRoutes(router: Router, options: RoutesOptions): void {
  const { metricsToken, readiness, rateLimit } = options;
  router.cors(corsPolicy(options));
  if (rateLimit !== undefined) router.rateLimit(rateLimit);
  router.identifyRequests();
  router.headers({ 'X-Content-Type-Options': 'nosniff' });
  router.finish(compression());

  router.constant('/health', { status: 'ok' });
  router.metrics('/metrics', { token: metricsToken });
  router.get('/health/ready', { isUnlimited: true }, new HealthController(readiness).ready);
  registerDocumentation(router);
  const api = new KnownApi(options);
  const checkUser = requireUser({ tokens: options.tokens, checkSession: api.checkSession });
  const checkUserOrRepetition = requireUserOrRepetition(checkUser);
  for (const route of ROUTES) {
    const check = 'withdrawsToken' in route ? checkUserOrRepetition : checkUser;
    register(router, route, check, api.handler(route.operationId));
  }
}

function corsPolicy({ corsOrigins, corsHeaders = [], corsMaxAgeSeconds }: RoutesOptions): CorsPolicy {
  return {
    origins: corsOrigins,
    requestHeaders: ['Idempotency-Key', ...corsHeaders],
    exposedHeaders: ['Idempotent-Replayed', 'Operation-Location'],
    ...(corsMaxAgeSeconds !== undefined && { maxAgeSeconds: corsMaxAgeSeconds }),
  };
}

function register(router: Router, route: Route, checkUser: Middleware, handler: Handler): void {
  const { method, path, access, checksPreconditions = false, maxBodyBytes, ownsPath = false } = route;
  const options = { checksPreconditions, ownsPath, ...(maxBodyBytes !== undefined && { maxBodyBytes }) };
  if (access === 'all') router[method](path, options, handler);
  else router[method](path, { ...options, headers: PRIVATE }, checkUser, handler);
}

/** The API, once a request has needed it. The first one waits until it is open. */
class KnownApi {
  readonly #options: RoutesOptions;
  #api: Api | undefined;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  /** As the API's. */
  readonly checkSession = (subject: TokenSubject, identity: RequestIdentity): void | Promise<void> => {
    try {
      const pending =
        this.#api === undefined
          ? this.#open().then((api) => api.checkSession(subject))
          : this.#api.checkSession(subject);
      return pending?.catch((error: unknown) => this.#rethrow(error, identity));
    } catch (error) {
      return this.#rethrow(error, identity);
    }
  };

  handler(operationId: OperationId): Handler {
    let known: Handler | undefined;
    const open = async (identity: RequestIdentity): Promise<Handler> => {
      const api = await this.#open().catch((error: unknown) => this.#rethrow(error, identity));
      const { onDatabaseTrouble, onThrottled } = this.#options;
      known = api.handler(operationId, onDatabaseTrouble, onThrottled);
      return known;
    };
    return (request, response) =>
      known === undefined
        ? open(request.identity).then((handler) => handler(request, response))
        : known(request, response);
  }

  async #open(): Promise<Api> {
    this.#api = await this.#options.api.open();
    return this.#api;
  }

  #rethrow(error: unknown, identity: RequestIdentity): never {
    if (isDatabaseTrouble(error)) this.#options.onDatabaseTrouble(error, identity);
    throw databaseProblem(error) ?? error;
  }
}
