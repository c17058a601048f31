/** Checking the token of a request. */
import { Tokens } from '../../../../../src/cloudvm/accounts/tokens/tokens.ts';
import type { Operation } from './operation.ts';

/** @param count tokens that take turns. Each is unknown until it has been checked once */
export function checkToken(count: number): Operation {
  const tokens = new Tokens({ secrets: ['s'.repeat(64)], ttlSeconds: 604_800 });
  const issued = Array.from(
    { length: count },
    (_, index) => tokens.issue(index.toString(16).padStart(24, '0')).token,
  );
  let next = 0;
  return {
    run(times) {
      let characters = 0;
      for (let time = 0; time < times; time += 1) {
        characters = (characters + tokens.verify(issued[next] as string).userId.length) | 0;
        next = (next + 1) % count;
      }
      return characters;
    },
  };
}
