/**
 * What one route takes and answers. A handler gets a query and a body that have passed the schemas which the
 * OpenAPI document shows, so the two cannot differ.
 */
import type { Static, TObject, TSchema } from 'typebox';
import type { Request, Response } from '../../runtime/application.ts';
import type { Validator } from '../validation/validator.ts';
import type { ProblemName } from './problem-catalogue.ts';

export interface SuccessAnswer {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  /** Of the JSON. Without one, the answer has no content. */
  readonly schema?: TSchema;
  /** Of an answer that is not JSON. With a schema as well, the client chooses by `Accept`. */
  readonly contentType?: string;
  /** Header fields that clients may rely on, each with what it tells. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A header field of the request that has a meaning for this route. */
export type RequestField = 'If-Match' | 'If-None-Match' | 'Idempotency-Key' | 'Last-Event-ID';

export interface EndpointDescription {
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  readonly group: 'Accounts' | 'VMs' | 'Operations' | 'Snapshots' | 'Events' | 'Service';
  readonly query?: Validator<TObject>;
  readonly body?: Validator<TSchema>;
  readonly fields?: readonly RequestField[];
  readonly success: SuccessAnswer;
  /** What can go wrong because of the route itself. What every route has in common is not repeated. */
  readonly problems: readonly ProblemName[];
}

/** What the request has brought, checked. */
export interface EndpointInput<Endpoint extends EndpointDescription> {
  readonly query: Endpoint extends { readonly query: Validator<infer Schema> } ? Static<Schema> : undefined;
  readonly body: Endpoint extends { readonly body: Validator<infer Schema> } ? Static<Schema> : undefined;
}

/** @typeParam Name the route parameters that it reads */
export type EndpointHandler<Endpoint extends EndpointDescription, Name extends string = never> = (
  request: Request<Name>,
  response: Response,
  input: EndpointInput<Endpoint>,
) => void | Promise<void>;

/** Of a route that remembers an Idempotency-Key. */
export const KEY_PROBLEMS = [
  'idempotency-key-reused',
  'idempotency-key-in-use',
  'too-many-idempotency-keys',
] as const satisfies readonly ProblemName[];

/** The field of an answer that was given, or would have been, to an earlier request with the same key. */
export const REPLAYED = {
  'Idempotent-Replayed': '`true` if an earlier request with the same `Idempotency-Key` was carried out.',
} as const;

/** Keeps the types of the schemas, and checks the rest. */
export function endpoint<const Endpoint extends EndpointDescription>(description: Endpoint): Endpoint {
  return description;
}
