/**
 * The interface for applications: the exports of their module, routes, the request and the response, and the
 * helpers that the runtime offers to handlers and middleware. It loads nothing of the server, so a worker
 * stays small. index.ts starts a server.
 */
export type { ApplicationModule, WorkerPool } from './http/application.ts';
export type { CorsPolicy } from './http/cors/policy.ts';
export type { RequestIdentity } from './http/identity/request-identity.ts';
export type { Counter, Gauge, MeterLabels } from './http/metrics/meters.ts';
export type { MetricsOptions } from './http/metrics/metrics-route.ts';
export { HttpProblem, type ProblemError } from './http/problem.ts';
export type { RateLimitOptions } from './http/rate-limit/rate-limit.ts';
export { preferredType } from './http/representation/accept.ts';
export { prefersGzip } from './http/representation/accept-encoding.ts';
export { type CompressionOptions, compression } from './http/representation/compression.ts';
export { entityTag } from './http/representation/etag.ts';
export type { CurrentRepresentation, Preconditions } from './http/representation/preconditions.ts';
export type { ContentCodingOptions } from './http/request/content-coding.ts';
export type { FormLimits } from './http/request/form.ts';
export type { Request } from './http/request/request.ts';
export { RequestKey } from './http/request/request-key.ts';
export type { StreamOptions as ContentStreamOptions } from './http/request/stream-options.ts';
export type { BodyPiece, BodyStream, ResponseBody, StreamOptions } from './http/response/body-stream.ts';
export { type EventStreamOptions, type ServerSentEvent, sendEvents } from './http/response/events.ts';
export type { CookieOptions, EndedResponse, Response } from './http/response/response.ts';
export type { ErrorListener, Finisher, Handler, Middleware } from './http/routing/handler.ts';
export type { ParameterName } from './http/routing/parameter-name.ts';
export type { RouteGroup } from './http/routing/route-group.ts';
export type { RouteOptions } from './http/routing/route-options.ts';
export type { RouteDescription, Router } from './http/routing/router.ts';
export {
  type RouteSchemas,
  type RouteValues,
  type SchemaHandler,
  withSchema,
} from './http/schema/route-schemas.ts';
export type { Schema, SchemaIssue, SchemaResult } from './http/schema/schema.ts';
export { timed } from './http/timing/timed.ts';
