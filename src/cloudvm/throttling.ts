/**
 * Counts the requests that are refused although nothing is wrong with them, by the bound that refuses them,
 * for the metrics of the server. What the runtime refuses is among its own metrics (`http_shed_total`).
 */
import type { Router } from '../runtime/application.ts';

export const THROTTLE_REASONS = [
  'rate_limit',
  'failed_logins',
  'registrations',
  'hashing_line',
  'event_streams',
  'database',
] as const;

export type ThrottleReason = (typeof THROTTLE_REASONS)[number];

export type CountThrottled = (reason: ThrottleReason) => void;

/** Once, before the router is compiled. */
export function declareThrottling(router: Pick<Router, 'counter'>): CountThrottled {
  const help = 'Requests that were refused because of a bound.';
  const counters = new Map(
    THROTTLE_REASONS.map((reason) => [
      reason,
      router.counter('cloudvm_throttled_requests_total', help, { reason }),
    ]),
  );
  return (reason) => counters.get(reason)?.add();
}
