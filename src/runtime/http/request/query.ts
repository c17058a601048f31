/**
 * Names and values of application/x-www-form-urlencoded (WHATWG URL, section 5.1): the query of a request, or
 * a form. It is strict: an escape that is not UTF-8 is answered with 400 instead of being replaced. The
 * request makes it on first use. The length of the request target bounds the size of a query.
 */
import { HttpProblem } from '../problem.ts';

export class Query {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  /**
   * @param text the query without its "?", or the body of a form
   * @param noun for the message
   */
  constructor(text: string, noun = 'query') {
    if (text === '') return;
    for (const pair of text.split('&')) {
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      this.#names.push(decode(equals === -1 ? pair : pair.slice(0, equals), noun));
      this.#values.push(equals === -1 ? '' : decode(pair.slice(equals + 1), noun));
    }
  }

  /** How many pairs there are. */
  get size(): number {
    return this.#names.length;
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(name);
    return index === -1 ? undefined : this.#values[index];
  }

  /** All values of that name, in order. */
  getAll(name: string): string[] {
    return this.#values.filter((_, index) => this.#names[index] === name);
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (const [index, name] of this.#names.entries()) {
      yield [name, this.#values[index] ?? ''];
    }
  }

  /**
   * All names and values. A name that comes more than once has all its values in an array, so that a schema
   * that asks for one string refuses it. The object has no prototype, so "__proto__" is a name like any
   * other.
   */
  toObject(): Record<string, string | string[]> {
    const object: Record<string, string | string[]> = Object.create(null);
    for (const [name, value] of this) {
      const known = object[name];
      if (known === undefined) {
        object[name] = value;
      } else if (Array.isArray(known)) {
        known.push(value);
      } else {
        object[name] = [known, value];
      }
    }
    return object;
  }
}

function decode(text: string, noun: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch (cause) {
    throw new HttpProblem(400, `The ${noun} has a percent-encoding that is malformed or not UTF-8.`, {
      cause,
    });
  }
}
