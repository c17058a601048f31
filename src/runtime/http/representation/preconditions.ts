/**
 * The preconditions of a request (RFC 9110, section 13): what must be true of the representation that the
 * resource has now. A handler of an unsafe method evaluates them before it changes anything, through
 * `request.preconditions`. For GET and HEAD the pipeline does it with the finished response (conditional.ts).
 *
 * The order is that of section 13.2.2: If-Match, or else If-Unmodified-Since. Then If-None-Match, or else
 * If-Modified-Since.
 */
import { HttpProblem } from '../problem.ts';
import { includesStrongly, includesWeakly, parseEntityTags } from './etag.ts';
import { parseHttpDate } from './http-date.ts';

/** The validators of a representation, as far as it has any. */
export interface CurrentRepresentation {
  /** As the header ETag has it, for example by `entityTag`. */
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
}

export interface Preconditions {
  /** Whether the request has any. Without them `check` need not be called. */
  readonly isConditional: boolean;
  /**
   * Whether they compare validators. Then the change must be made only if the validators are still those that
   * were compared, since another request may come in between. `If-Match: *` compares none.
   */
  readonly compareValidators: boolean;
  /**
   * Evaluates them. To be called once the handler knows that it would otherwise do what is asked for, and
   * before it does it. In a handler of GET it is not needed.
   * @param current undefined if the target has no representation, and would get one
   * @throws HttpProblem 412 if they are not met, 400 if a list of entity tags is malformed
   */
  check(current: CurrentRepresentation | undefined): void;
}

/** Of a request. */
export interface Conditional {
  readonly method: string;
  header(name: string): string | undefined;
}

const ANY = '*';

export class RequestPreconditions implements Preconditions {
  readonly isConditional: boolean;
  /** For the runtime: the handler has called `check`. */
  isChecked = false;
  readonly #request: Conditional;

  constructor(request: Conditional, isConditional: boolean) {
    this.#request = request;
    this.isConditional = isConditional;
  }

  get compareValidators(): boolean {
    const ifMatch = this.#request.header('if-match');
    const ifNoneMatch = this.#request.header('if-none-match');
    if (ifNoneMatch !== undefined && ifNoneMatch !== ANY) return true;
    if (ifMatch !== undefined) return ifMatch !== ANY;
    return this.#request.header('if-unmodified-since') !== undefined;
  }

  check(current: CurrentRepresentation | undefined): void {
    this.isChecked = true;
    if (!this.isConditional) return;
    assertExpected(this.#request, current);
    if (!isSafe(this.#request.method)) assertNoneMatches(this.#request, current);
  }
}

/** @throws HttpProblem 412 if If-Match or If-Unmodified-Since is not met, 400 if If-Match is malformed */
export function assertExpected(request: Conditional, current: CurrentRepresentation | undefined): void {
  const list = request.header('if-match');
  if (list !== undefined) {
    if (!matches(list, current)) throw notMet('If-Match', current);
    return;
  }
  const date = request.header('if-unmodified-since');
  if (date !== undefined && isModifiedSince(date, current) === true) throw notMet('If-Unmodified-Since');
}

/** Whether If-None-Match or If-Modified-Since says that the client has this representation already. */
export function isKnownToClient(request: Conditional, current: CurrentRepresentation): boolean {
  const list = request.header('if-none-match');
  // A malformed list names nothing that the client has.
  if (list !== undefined) return matchesWeakly(list, parseEntityTags(list) ?? [], current);
  const date = request.header('if-modified-since');
  return date !== undefined && isModifiedSince(date, current) === false;
}

/** Those of OPTIONS mean nothing (RFC 9110, section 13.2.1). */
export function isUnsafe(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH' || method === 'DELETE';
}

export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function assertNoneMatches(request: Conditional, current: CurrentRepresentation | undefined): void {
  const list = request.header('if-none-match');
  if (list === undefined) return;
  const tags = list === ANY ? [] : tagsOf(list, 'If-None-Match');
  if (matchesWeakly(list, tags, current)) throw notMet('If-None-Match', current);
}

function matches(list: string, current: CurrentRepresentation | undefined): boolean {
  if (list === ANY) return current !== undefined;
  const tags = tagsOf(list, 'If-Match');
  return current?.etag !== undefined && includesStrongly(tags, current.etag);
}

function matchesWeakly(
  list: string,
  tags: readonly string[],
  current: CurrentRepresentation | undefined,
): boolean {
  if (list === ANY) return current !== undefined;
  return current?.etag !== undefined && includesWeakly(tags, current.etag);
}

/** @throws HttpProblem 400, since the version that the client has in mind is unknown */
function tagsOf(list: string, field: string): readonly string[] {
  const tags = parseEntityTags(list);
  if (tags === undefined) throw new HttpProblem(400, `The ${field} header is not a list of entity tags.`);
  return tags;
}

/** @returns undefined where either date is missing or malformed. Then the field must be ignored */
function isModifiedSince(text: string, current: CurrentRepresentation | undefined): boolean | undefined {
  const date = parseHttpDate(text);
  const lastModified = current?.lastModified?.getTime();
  if (date === undefined || lastModified === undefined || Number.isNaN(lastModified)) return undefined;
  // A field of HTTP cannot say parts of a second.
  return Math.floor(lastModified / 1000) * 1000 > date;
}

function notMet(field: string, current?: CurrentRepresentation): HttpProblem {
  const tag = current?.etag === undefined ? '' : ` The current ETag is ${current.etag}.`;
  return new HttpProblem(412, `The condition of ${field} is not met.${tag}`);
}
