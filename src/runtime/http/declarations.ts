/**
 * What an application declares as data when a worker loads it, so that the main thread can answer in its
 * place. Pipeline makes it, and it travels in a message.
 */
import type { RoutePattern } from '../core/core.ts';
import type { CorsPolicy } from './cors/policy.ts';
import type { MeterDeclaration } from './metrics/meters.ts';
import type { MetricsDeclaration } from './metrics/metrics-route.ts';
import type { ConstantAnswer } from './routing/constant-answer.ts';

export interface Declarations extends AnswerDeclarations {
  /** For the log and for metrics. The index is the number of the route. */
  readonly routes: readonly RoutePattern[];
  /** The answers that main gives at once. */
  readonly constants: readonly ConstantAnswer[];
  /** null: the application has no route for metrics. */
  readonly metrics: MetricsDeclaration | null;
  /** The index is that of the word in a worker's row. */
  readonly meters: readonly MeterDeclaration[];
}

/** What it declares of answers that it does not give itself. */
export interface AnswerDeclarations {
  /** For all answers that no middleware has seen. */
  readonly cors: CorsPolicy;
  /** Of every answer but the constant ones. */
  readonly headers: Readonly<Record<string, string>>;
  /** Every answer but the constant ones has the id of its request. */
  readonly identifiesRequests: boolean;
}
