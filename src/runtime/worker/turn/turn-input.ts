/**
 * The inbound side of one connection during one turn: the bytes in its buffer, how far they are answered, and
 * the parsing of the next ones. A later turn resumes an incomplete request here. The turn acts on the answers
 * of the core. Worker threads only.
 */

import { PARSE_COMPLETE } from '../../../../assembly/record.ts';
import { invariant } from '../../../platform/invariant.ts';
import type { Core } from '../../core/core.ts';
import type { ParseRecord } from '../../core/parse-record.ts';
import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { TurnProgress } from '../../memory/workers/outbound-ring-writer.ts';
import type { TurnHost } from './turn-host.ts';

type InputHost = Pick<TurnHost, 'context' | 'core' | 'record'>;

export class TurnInput implements TurnProgress {
  readonly connection: number;
  readonly generation: number;
  readonly #table: ConnectionTable;
  readonly #core: Core;
  readonly #record: ParseRecord;
  /** A view of the whole shared memory. */
  readonly #bytes: Buffer;
  /** The address of the connection's buffer, which does not move during the turn. */
  readonly #address: number;
  #consumed: number;
  #seen = 0;
  /** Only the first request of a turn can have begun in an earlier turn. */
  #mayResume = true;
  #wasInBody = false;

  constructor(host: InputHost, connection: number, generation: number) {
    const { table } = host.context;
    this.connection = connection;
    this.generation = generation;
    this.#table = table;
    this.#core = host.core;
    this.#record = host.record;
    this.#bytes = host.context.shared.bytes;
    this.#address = table.address(connection);
    this.#consumed = table.consumed(connection);
  }

  get consumed(): number {
    return this.#consumed;
  }

  get seen(): number {
    return this.#seen;
  }

  /** The start of the next request, as an address of the shared memory. */
  get start(): number {
    return this.#address + this.#consumed;
  }

  /** The end of the bytes that were seen, as an address of the shared memory. */
  get end(): number {
    return this.#address + this.#seen;
  }

  /** Whether there are unanswered bytes. It looks for new bytes only if all earlier ones are answered. */
  hasMore(): boolean {
    if (this.#consumed >= this.#seen) this.#seen = this.#table.length(this.connection);
    invariant(this.#seen >= this.#consumed, 'No more bytes are answered than there are.');
    return this.#seen !== this.#consumed;
  }

  /** Whether bytes have come after the request that ends there. */
  hasBeyond(end: number): boolean {
    return this.#table.length(this.connection) > end;
  }

  /** Parses the next request into the record. @returns a PARSE_ constant */
  parse(): number {
    if (this.#mayResume) this.#table.loadResume(this.connection, this.#record.words);
    else this.#record.clearResume();
    this.#mayResume = false;
    this.#wasInBody = this.#record.isInBody;
    const status = this.#core.parse(this.start, this.#seen - this.#consumed);
    invariant(
      status !== PARSE_COMPLETE || this.#record.consumed <= this.#seen - this.#consumed,
      'The core consumes no more bytes than it was given.',
    );
    return status;
  }

  /**
   * After PARSE_ERROR: parses the head again for those that answer a refused request like any other.
   * @returns a PARSE_ constant
   */
  parseHead(): number {
    return this.#core.parseHead(this.start, this.#seen - this.#consumed);
  }

  /**
   * Parses the head alone of a request whose body is streamed, and judges it.
   * @returns a PARSE_ constant
   */
  parseStreamedHead(): number {
    return this.#core.parseStreamedHead(this.start, this.#seen - this.#consumed);
  }

  /** Looks for bytes that have come meanwhile. @returns how many bytes were seen */
  lookAgain(): number {
    this.#seen = this.#table.length(this.connection);
    return this.#seen;
  }

  /** A private copy of the bytes that were seen, from there on. */
  copy(from: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(this.#address + from, this.#address + this.#seen));
  }

  /** A request is answered. @param end where it ends in the buffer */
  answered(end: number): void {
    invariant(
      end > this.#consumed && end <= this.#seen,
      'Answers in order: requests are answered one by one.',
    );
    this.#consumed = end;
  }

  /**
   * After PARSE_NEED: the client waits for "100 Continue" before it sends the body. True only in the turn in
   * which the head has become complete.
   */
  get mustInvite(): boolean {
    return this.isHeadNew && this.#record.expectsContinue;
  }

  /**
   * After PARSE_NEED: the head has become complete in this turn, and content is missing. All of the head is
   * in the record.
   */
  get isHeadNew(): boolean {
    return this.#record.isInBody && !this.#wasInBody;
  }

  /**
   * After PARSE_NEED: keeps how far the parser came, for the turn that goes on when more bytes are there.
   * @returns how many bytes are missing, 0 if that is unknown
   */
  suspend(): number {
    this.#table.saveResume(this.connection, this.#record.words);
    return this.#record.missing;
  }
}
