/** Runs one request through the pipeline of a router, without a core and without threads. */
import { expect } from 'vitest';
import type { IncomingRequest } from '../../../../src/runtime/http/request/incoming-request.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';
import { fakeRequest } from './fake-request.ts';

export interface Outcome {
  readonly response: OutgoingResponse;
  readonly errors: unknown[];
  readonly wasAsynchronous: boolean;
}

interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: string;
  readonly routeNumber?: number;
  readonly allowed?: number;
  readonly before?: (request: IncomingRequest) => void;
}

export async function ask(register: (router: Router) => void, question: Question = {}): Promise<Outcome> {
  const router = new Router();
  register(router);
  const errors: unknown[] = [];
  const pipeline = router.compile((error) => errors.push(error));
  const line = `${question.method ?? 'GET'} ${question.path ?? '/path'} HTTP/1.1\r\n`;
  const { request } = fakeRequest(`${line}Host: a\r\n${question.fields ?? ''}\r\n`, {
    routeNumber: question.routeNumber ?? 0,
    allowed: question.allowed ?? 0,
  });
  question.before?.(request);
  const response = new OutgoingResponse(request);
  const pending = pipeline.run(request, response);
  await pending;
  return { response, errors, wasAsynchronous: pending !== undefined };
}

export function problemOf(outcome: Outcome): Record<string, unknown> {
  expect(outcome.response.headers.contentType).toBe('application/problem+json');
  return JSON.parse(outcome.response.body as string);
}
