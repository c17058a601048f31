/** Two arms and what they are compared in. */
import type { Arm } from './arm.ts';
import type { RatioPromise } from './judge.ts';
import type { Load } from './measure-block.ts';

export interface Contest {
  readonly name: string;
  readonly load: Load;
  /** Of the first arm, beside the second. */
  readonly promises: readonly RatioPromise[];
}

export interface Arms {
  readonly a: Arm;
  readonly b: Arm;
}

export interface Match {
  /** For reports, such as "beside Fastify". */
  readonly group: string;
  /** Resolves when both arms answer. What else they need is disposed with the resources. */
  start(resources: AsyncDisposableStack): Promise<Arms>;
  /** Why the arms cannot be compared, or undefined if they can. */
  whyNot?(arms: Arms): Promise<string | undefined>;
  readonly contests: readonly Contest[];
}
