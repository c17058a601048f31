/**
 * The Allow header of a 405 and of OPTIONS, made from the core's bit mask of the methods that a path knows.
 * The text of each mask is made once, because few masks occur. Pipeline uses it.
 */
import { METHOD_GET, METHOD_HEAD, METHOD_OPTIONS } from '../../../../assembly/record.ts';
import type { RoutePattern } from '../../core/core.ts';
import { methodNumber, methodsInMask } from '../../core/method.ts';

export class AllowHeader {
  /** Of OPTIONS *: every method that some path knows. */
  readonly ofServer: string;
  readonly #texts = new Map<number, string>();

  constructor(routes: readonly RoutePattern[]) {
    let mask = 0;
    for (const { method } of routes) {
      const number = methodNumber(method);
      mask |= (1 << number) | (number === METHOD_GET ? 1 << METHOD_HEAD : 0);
    }
    this.ofServer = this.of(mask);
  }

  of(mask: number): string {
    let text = this.#texts.get(mask);
    if (text === undefined) {
      // OPTIONS is answered on every known path, with or without a handler of its own.
      text = methodsInMask(mask | (1 << METHOD_OPTIONS)).join(', ');
      this.#texts.set(mask, text);
    }
    return text;
  }
}
