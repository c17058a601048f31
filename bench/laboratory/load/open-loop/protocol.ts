/** What the laboratory and its open-loop generator, a process of its own, say to each other. */
import type { LoadRequest } from '../request.ts';

export interface OpenLoopOptions {
  /** Of the server, without a path. */
  readonly url: string;
  /** Sent in random order, each in one piece. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second that are due. */
  readonly rate: number;
  /** Requests that are due together and go on one connection. */
  readonly pipelining: number;
  /** Whether each request has a connection of its own, which the server closes. */
  readonly closes: boolean;
}

export interface OpenLoopResult {
  readonly seconds: number;
  /** Requests that were due. */
  readonly due: number;
  readonly achievedRate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly mostMs: number;
  readonly generatorLatenessP99Ms: number;
  readonly generatorShare: number;
  readonly errors: number;
}

export type OpenLoopReply = { readonly result: OpenLoopResult } | { readonly failure: string };
