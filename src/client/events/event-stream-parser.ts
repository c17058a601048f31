/**
 * Takes a stream of server-sent events apart (WHATWG HTML, section 9.2.6). Its text may be cut anywhere. It
 * holds one event at most, and that one has a bound.
 */
import { CloudVmBadAnswer } from '../errors/client-error.ts';

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that the stream has named, with this event or before it. */
  readonly id: string;
}

const LINE_END = /\r\n|\r|\n/g;
const DIGITS = /^\d{1,9}$/;

export class EventStreamParser {
  readonly #maxCharacters: number;
  /** The line that is not complete yet. */
  #line = '';
  /** The text before ended with CR, so a LF that comes first belongs to it. */
  #isAfterReturn = false;
  #event = '';
  #data: string[] = [];
  #size = 0;
  #id: string;
  #lastEventId: string;
  #retryMs: number | undefined;

  constructor(maxCharacters: number, lastEventId: string) {
    this.#maxCharacters = maxCharacters;
    this.#id = lastEventId;
    this.#lastEventId = lastEventId;
  }

  /** Where to go on after a broken connection: the id of the last complete event. Empty for none. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** How long the server asks to wait before a new connection. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** @returns the events that are complete now. @throws CloudVmBadAnswer if one is too large */
  push(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let start = this.#isAfterReturn && text.startsWith('\n') ? 1 : 0;
    if (text !== '') this.#isAfterReturn = text.endsWith('\r');
    LINE_END.lastIndex = start;
    for (let end = LINE_END.exec(text); end !== null; end = LINE_END.exec(text)) {
      this.#append(text.slice(start, end.index));
      start = LINE_END.lastIndex;
      const event = this.#endLine();
      if (event !== undefined) events.push(event);
    }
    this.#append(text.slice(start));
    return events;
  }

  #append(piece: string): void {
    this.#line += piece;
    if (this.#line.length + this.#size > this.#maxCharacters) {
      throw new CloudVmBadAnswer(`An event is larger than ${this.#maxCharacters} characters`);
    }
  }

  #endLine(): ServerSentEvent | undefined {
    const line = this.#line;
    this.#line = '';
    if (line === '') return this.#endEvent();
    const colon = line.indexOf(':');
    // A comment.
    if (colon === 0) return undefined;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    this.#field(name, value);
    return undefined;
  }

  #field(name: string, value: string): void {
    if (name === 'event') this.#event = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && DIGITS.test(value)) this.#retryMs = Number(value);
    else if (name === 'data') {
      this.#data.push(value);
      // An empty line takes memory as well.
      this.#size += value.length + 1;
    }
  }

  #endEvent(): ServerSentEvent | undefined {
    this.#lastEventId = this.#id;
    const event = this.#event === '' ? 'message' : this.#event;
    const data = this.#data;
    this.#event = '';
    this.#data = [];
    this.#size = 0;
    return data.length === 0 ? undefined : { event, data: data.join('\n'), id: this.#lastEventId };
  }
}
