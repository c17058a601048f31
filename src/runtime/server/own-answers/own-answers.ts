/**
 * Answers that main gives itself: those that the application has declared as data (`Router.constant`), and
 * metrics (`Router.metrics`) when no worker takes the request soon. Main thread, asked by constant-answers.ts
 * and overload.ts.
 *
 * Main has no parser, so it answers only plain requests (plain-request.ts). Of the application's middleware
 * only its policy of CORS applies.
 */

import type { Declarations } from '../../http/declarations.ts';
import { hasToken } from '../../http/metrics/bearer-token.ts';
import {
  CHALLENGE,
  METRICS_CONTENT_TYPE,
  type MetricsDeclaration,
  TOKEN_MISSING,
} from '../../http/metrics/metrics-route.ts';
import { protocolErrorResponse } from '../../http/problem.ts';
import { completeResponse, JSON_CONTENT_TYPE } from '../../http/response/complete-response.ts';
import { withoutContent } from '../../http/response/head-method.ts';
import type { RefusalHeaders } from '../connections/refusal-headers.ts';
import { type PlainRequest, plainRequest } from './plain-request.ts';

/** The answer must be made first. It is there when main asks again some milliseconds later. */
export const SOON = 'soon';

export interface OwnAnswer {
  readonly response: Buffer;
  readonly status: number;
  /** Of the route that the worker would have run. */
  readonly path: string;
}

export class OwnAnswers {
  readonly #refusalHeaders: Pick<RefusalHeaders, 'for' | 'ofConstant'>;
  readonly #latestMetrics: () => string | null;
  #jsonByPath: ReadonlyMap<string, string> = new Map();
  #metrics: MetricsDeclaration | null = null;

  /**
   * @param refusalHeaders those of all answers that main gives in the application's place
   * @param latestMetrics those of this moment, or null. Then they are collected from now on
   */
  constructor(
    refusalHeaders: Pick<RefusalHeaders, 'for' | 'ofConstant'>,
    latestMetrics: () => string | null = () => null,
  ) {
    this.#refusalHeaders = refusalHeaders;
    this.#latestMetrics = latestMetrics;
  }

  /** Called when a worker has loaded the application, which may be a new version of it. */
  declare({ constants, metrics }: Pick<Declarations, 'constants' | 'metrics'>): void {
    this.#jsonByPath = new Map(constants.map(({ path, json }) => [path, json]));
    this.#metrics = metrics;
  }

  /**
   * @param head of a request, complete
   * @param persists whether the connection persists
   * @returns null if a worker must answer
   */
  to(head: Buffer, persists: boolean): OwnAnswer | typeof SOON | null {
    const request = plainRequest(head, (path) => this.#jsonByPath.has(path) || path === this.#metrics?.path);
    if (request === null) return null;
    const { path } = request;
    const body = this.#jsonByPath.get(path);
    if (body === undefined) return this.#metricsFor(request, head, persists);
    const contentType = JSON_CONTENT_TYPE;
    const headers = this.#refusalHeaders.ofConstant(head);
    const response = completeResponse({ status: 200, contentType, body, headers, persists });
    return { response: forMethod(request, response), status: 200, path };
  }

  #metricsFor(request: PlainRequest, head: Buffer, persists: boolean): OwnAnswer | typeof SOON {
    const { path, authorization } = request;
    const token = this.#metrics?.token;
    const headers = this.#refusalHeaders.for(head);
    if (token !== undefined && !hasToken(authorization, token)) {
      const refusal = protocolErrorResponse(401, TOKEN_MISSING, { ...headers, ...CHALLENGE }, persists);
      return { response: forMethod(request, refusal), status: 401, path };
    }
    const body = this.#latestMetrics();
    if (body === null) return SOON;
    const response = completeResponse({
      status: 200,
      contentType: METRICS_CONTENT_TYPE,
      body,
      headers: { ...headers, 'Cache-Control': 'no-store' },
      persists,
    });
    return { response: forMethod(request, response), status: 200, path };
  }
}

function forMethod({ isHead }: PlainRequest, response: Buffer): Buffer {
  return isHead ? withoutContent(response) : response;
}
