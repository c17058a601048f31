/**
 * The route that answers with metrics in the text format of Prometheus. They are collected by the main
 * thread, which also answers in the route's place while no worker does. Middleware of the application sees no
 * such request, so the answer is the same whoever gives it.
 */
import { HttpProblem } from '../problem.ts';
import type { Handler } from '../routing/handler.ts';
import { hasToken } from './bearer-token.ts';

export interface MetricsOptions {
  /** Who asks must have it as a bearer token. undefined: everybody may ask. */
  readonly token?: string | undefined;
}

/** What main must know to answer in the route's place. */
export interface MetricsDeclaration {
  readonly path: string;
  readonly token: string | undefined;
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
export const TOKEN_MISSING = 'Metrics are for those who have the token.';
export const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="metrics"' };

export type CollectMetrics = () => Promise<string>;

export class MetricsRoute {
  readonly declaration: MetricsDeclaration;
  #collect: CollectMetrics = () =>
    Promise.reject(new HttpProblem(503, 'There are no metrics without a server.'));

  constructor(declaration: MetricsDeclaration) {
    this.declaration = declaration;
  }

  /** From now on the answers are what `collect` resolves to. */
  answerWith(collect: CollectMetrics): void {
    this.#collect = collect;
  }

  readonly handle: Handler = async (request, response) => {
    const { token } = this.declaration;
    if (token !== undefined && !hasToken(request.header('authorization'), token)) {
      throw new HttpProblem(401, TOKEN_MISSING, { headers: CHALLENGE });
    }
    response.header('Cache-Control', 'no-store');
    response.text(await this.#collect(), METRICS_CONTENT_TYPE);
  };
}
