/** What a closed-loop load is given, and what it gives. */
import type { LoadRequest } from './request.ts';

export interface LoadOptions {
  /** Of the server, without a path. */
  readonly url: string;
  /** Sent in random order. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  /** May be a fraction. */
  readonly seconds: number;
  /** Requests that each connection sends together before it reads. More than one needs a single request. */
  readonly pipelining: number;
}

/** From sending to the end of the answer. */
export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Requests that failed or had a status of 400 or more. */
  readonly errors: number;
  /**
   * undefined with pipelining. wrk corrects for coordinated omission by the mean time between two answers on
   * a connection. With pipelining it would take every request of a batch except the first for one that was
   * sent late.
   */
  readonly latency: Latency | undefined;
  /** CPU time of the load generator, as a share of one core. Near 1 it measures itself. */
  readonly generatorShare: number;
}
