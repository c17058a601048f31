/**
 * Finds the ends of the responses in what comes on a connection. It knows responses with Content-Length and
 * those without content. The laboratory checks before that there are no others.
 */
const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d+)/i;
const STATUS_START = 'HTTP/1.1 '.length;
const WITHOUT_CONTENT = new Set([204, 304]);
const NOTHING = Buffer.alloc(0);

export class ResponseReader {
  /** The start of a head whose end has not come. */
  #rest: Buffer = NOTHING;
  #contentLeft = 0;
  /** Of the response whose content has not come as a whole. 0 if there is none. */
  #status = 0;

  /** @param onResponse is called with the status of each response at its end */
  read(bytes: Buffer, onResponse: (status: number) => void): void {
    let chunk = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = NOTHING;
    while (chunk.length > 0) {
      if (this.#status === 0) {
        const end = chunk.indexOf(HEAD_END);
        if (end < 0) {
          this.#rest = chunk;
          return;
        }
        this.#readHead(chunk.toString('latin1', 0, end));
        chunk = chunk.subarray(end + HEAD_END.length);
      }
      const taken = Math.min(this.#contentLeft, chunk.length);
      this.#contentLeft -= taken;
      chunk = chunk.subarray(taken);
      if (this.#contentLeft > 0) return;
      const status = this.#status;
      this.#status = 0;
      onResponse(status);
    }
  }

  #readHead(head: string): void {
    this.#status = Number(head.slice(STATUS_START, STATUS_START + 3));
    if (WITHOUT_CONTENT.has(this.#status)) return;
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (length === undefined) throw new Error(`a response has no Content-Length:\n${head}`);
    this.#contentLeft = Number(length);
  }
}
