/** The types of what an application gives the router. See router.ts for how they are run. */
import type { Request } from '../request/request.ts';
import type { EndedResponse, Response } from '../response/response.ts';

/**
 * Answers a request by ending the response, at once or before the promise it returns is fulfilled. An error
 * that it throws becomes the answer: an HttpProblem as it is, any other as 500.
 * @typeParam Name the parameters that it reads: `Handler<'id'>` fits each route with `:id`, and no other
 */
export type Handler<Name extends string = never> = (
  request: Request<Name>,
  response: Response,
) => void | Promise<void>;

/** Runs before the handler. If it ends the response, nothing after it runs, else the next one does. */
export type Middleware<Name extends string = never> = Handler<Name>;

/**
 * Runs after the response has ended, errors included, and may change its headers and its body. A response
 * that a 304 will replace is still whole then, so that the 304 gets the fields that finishers add.
 */
export type Finisher = (request: Request, response: EndedResponse) => void | Promise<void>;

/**
 * Called with every error that a client must not read: one that a handler threw, or that it never answered.
 */
export type ErrorListener = (error: unknown, request: Request) => void;
