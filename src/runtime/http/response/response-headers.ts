/**
 * The header fields of one response, checked when they are set, so that no value can end a line early and
 * smuggle in a field or a response of its own. They are a plain list. A response has only a few fields, and a
 * scan over a few fields is faster than any table.
 */
import { ResponseError } from '../application-errors.ts';

/** tchar of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Anything but HTAB, visible ASCII, space and obs-text (RFC 9110, section 5.5). */
const NOT_A_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/;

/** The lower case of names that were checked before. Bounded, because a handler may generate names. */
const checkedNames = new Map<string, string>();
const MAX_CHECKED_NAMES = 512;

/** Values of Content-Type that were checked before. An application has only a few. Bounded, as above. */
const checkedContentTypes = new Set<string>();
const MAX_CHECKED_CONTENT_TYPES = 64;

/** Framing and the clock belong to the server. A handler that could set them could break both. */
const RESERVED = new Set(['content-length', 'transfer-encoding', 'date', 'keep-alive', 'trailer']);

/**
 * An error that replaces the answer drops these. They describe its content or its freshness, or they belong
 * to the failed operation, such as a cookie with a session.
 */
const OUTCOME_HEADERS = new Set([
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'accept-ranges',
  'cache-control',
  'etag',
  'expires',
  'last-modified',
  'location',
  'set-cookie',
]);

/** These describe a representation, which a 304 does not send. The fields that update a cache stay. */
const REPRESENTATION_HEADERS = new Set([
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-range',
  'last-modified',
]);

interface Field {
  readonly lowerName: string;
  /** As the handler wrote it. */
  readonly name: string;
  readonly value: string;
}

/** Fields that were checked once, with which many responses begin. */
export type StandingFields = readonly Field[];

const NO_STANDING_FIELDS: StandingFields = [];
/** Of every response that has no fields yet, so that it makes no list. Nothing is added to this one. */
const NO_FIELDS: Field[] = [];

/** @throws ResponseError for a name or value that cannot be sent, or that the server sets */
export function standingFields(headers: Readonly<Record<string, string>>): StandingFields {
  const checked = new ResponseHeaders();
  for (const [name, value] of Object.entries(headers)) {
    const lowerName = name.toLowerCase();
    if (lowerName === 'content-type' || lowerName === 'connection') {
      throw new ResponseError('ERR_HEADER_RESERVED', `${name} differs from response to response`);
    }
    checked.set(name, value);
  }
  return checked.fields;
}

export class ResponseHeaders {
  #contentType: string | null = null;
  #close = false;
  #fields = NO_FIELDS;
  #standing = NO_STANDING_FIELDS;

  /** Those besides Content-Type and Connection. */
  get fields(): StandingFields {
    return this.#fields;
  }

  /** Content-Type has a place of its own: it is the one field that nearly every response has. */
  get contentType(): string | null {
    return this.#contentType;
  }

  /** Whether there are fields besides Content-Type and Connection. */
  get hasFields(): boolean {
    return this.#fields.length > 0;
  }

  /** The handler asked for the connection to be closed. */
  get close(): boolean {
    return this.#close;
  }

  /**
   * Begins with these fields. An answer may have others of their names. An error in its place has these
   * again.
   */
  beginWith(standing: StandingFields): void {
    this.#standing = standing;
    this.#fields = [...standing];
  }

  /** Adds a field that needs no check, and that the list does not have yet. */
  add(lowerName: string, name: string, value: string): void {
    this.#push({ lowerName, name, value });
  }

  setContentType(value: string): void {
    if (!checkedContentTypes.has(value)) {
      checkedValue('Content-Type', value);
      if (checkedContentTypes.size < MAX_CHECKED_CONTENT_TYPES) checkedContentTypes.add(value);
    }
    this.#contentType = value;
  }

  set(name: string, value: string): void {
    const lowerName = checkedName(name);
    if (this.#setSpecial(lowerName, name, value)) return;
    // Checked before anything is deleted, so that a refused value changes nothing.
    const field = { lowerName, name, value: checkedValue(name, value) };
    this.#deleteFields(lowerName);
    this.#push(field);
  }

  append(name: string, value: string): void {
    const lowerName = checkedName(name);
    if (this.#setSpecial(lowerName, name, value)) return;
    this.#push({ lowerName, name, value: checkedValue(name, value) });
  }

  get(name: string): string | undefined {
    const lowerName = name.toLowerCase();
    if (lowerName === 'content-type') return this.#contentType ?? undefined;
    if (lowerName === 'connection') return this.#close ? 'close' : undefined;
    let joined: string | undefined;
    for (const field of this.#fields) {
      if (field.lowerName !== lowerName) continue;
      joined = joined === undefined ? field.value : `${joined}, ${field.value}`;
    }
    return joined;
  }

  /**
   * Whether there is such a field, other than Content-Type and Connection, which have places of their own.
   */
  has(lowerName: string): boolean {
    return this.#fields.some((field) => field.lowerName === lowerName);
  }

  delete(name: string): void {
    const lowerName = name.toLowerCase();
    if (lowerName === 'content-type') this.#contentType = null;
    if (lowerName === 'connection') this.#close = false;
    this.#deleteFields(lowerName);
  }

  /** Adds a token to a comma-separated list, unless it is in it or the list says "*". */
  addToList(name: string, token: string): void {
    const list = this.get(name);
    if (list === undefined) {
      this.set(name, token);
      return;
    }
    const tokens = list.split(',').map((item) => item.trim().toLowerCase());
    if (!tokens.includes('*') && !tokens.includes(token.toLowerCase())) {
      this.set(name, `${list}, ${token}`);
    }
  }

  /** For an error that takes the place of another response. */
  deleteOutcomeHeaders(): void {
    this.#deleteAll(OUTCOME_HEADERS);
    for (const field of this.#standing) {
      if (!this.has(field.lowerName)) this.#push(field);
    }
  }

  /** For 304. */
  deleteRepresentationHeaders(): void {
    this.#deleteAll(REPRESENTATION_HEADERS);
  }

  /** All fields with their line ends, Content-Type first. Connection is left to the encoder of the head. */
  lines(): string {
    let lines = this.#contentType === null ? '' : `Content-Type: ${this.#contentType}\r\n`;
    for (const field of this.#fields) {
      lines += `${field.name}: ${field.value}\r\n`;
    }
    return lines;
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    if (this.#contentType !== null) yield ['Content-Type', this.#contentType];
    for (const { name, value } of this.#fields) {
      yield [name, value];
    }
  }

  /** @returns whether the field was one of those that are not kept in the list */
  #setSpecial(lowerName: string, name: string, value: string): boolean {
    if (lowerName === 'content-type') {
      this.setContentType(value);
      return true;
    }
    if (lowerName === 'connection') {
      if (value.toLowerCase() !== 'close') {
        throw new ResponseError(
          'ERR_HEADER_RESERVED',
          'The server sets Connection. A handler can only ask for "close"',
        );
      }
      this.#close = true;
      return true;
    }
    if (RESERVED.has(lowerName)) {
      throw new ResponseError(
        'ERR_HEADER_RESERVED',
        `${name} is set by the server and cannot be set by a handler`,
      );
    }
    return false;
  }

  #push(field: Field): void {
    if (this.#fields === NO_FIELDS) this.#fields = [field];
    else this.#fields.push(field);
  }

  #deleteAll(lowerNames: ReadonlySet<string>): void {
    this.#contentType = null;
    this.#fields = this.#fields.filter((field) => !lowerNames.has(field.lowerName));
  }

  #deleteFields(lowerName: string): void {
    if (this.has(lowerName)) {
      this.#fields = this.#fields.filter((field) => field.lowerName !== lowerName);
    }
  }
}

function checkedName(name: string): string {
  const known = checkedNames.get(name);
  if (known !== undefined) return known;
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    throw new ResponseError('ERR_HEADER_NAME', `A header name must be a token, not ${JSON.stringify(name)}`);
  }
  const lowerName = name.toLowerCase();
  if (checkedNames.size < MAX_CHECKED_NAMES) checkedNames.set(name, lowerName);
  return lowerName;
}

function checkedValue(name: string, value: string): string {
  if (typeof value !== 'string') {
    throw new ResponseError('ERR_HEADER_VALUE', `The value of ${name} must be a string, not ${typeof value}`);
  }
  if (NOT_A_VALUE.test(value)) {
    throw new ResponseError(
      'ERR_HEADER_VALUE',
      `The value of ${name} has a control character or one above U+00FF. Encode it first`,
    );
  }
  return value;
}
