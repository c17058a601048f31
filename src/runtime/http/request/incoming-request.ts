/**
 * The request behind `Request`. Everything is read on first use from the parse record and the connection's
 * buffer in shared memory. The runtime makes one for each request in a worker thread, calls `detach` once the
 * handler has gone asynchronous, and `end` before the connection's buffer is given back.
 */
import { type Cookies, parseCookie } from 'cookie';
import { FORM_ASTERISK } from '../../../../assembly/record.ts';
import { methodName } from '../../core/method.ts';
import type { ParseRecord } from '../../core/parse-record.ts';
import { RequestEndedError } from '../application-errors.ts';
import { type Client, clientBehind } from '../forwarding/client.ts';
import type { Peer } from '../forwarding/peer.ts';
import type { TrustedProxies } from '../forwarding/trusted-proxies.ts';
import { type RequestIdentity, UNIDENTIFIED } from '../identity/request-identity.ts';
import { RequestPreconditions } from '../representation/preconditions.ts';
import { assertNotEncoded, type ContentCodingOptions, codingOf, decode } from './content-coding.ts';
import { type FormLimits, readForm } from './form.ts';
import { Query } from './query.ts';
import type { Request } from './request.ts';
import {
  type Content,
  type ContentSource,
  DecodedBody,
  RequestBody,
  StreamedBody,
  WholeSource,
} from './request-body.ts';
import { assertAnnounced, assertJson, parseJson } from './request-content.ts';
import { RequestHead } from './request-head.ts';
import type { RequestKey } from './request-key.ts';
import { type RouteParameters, readParameters } from './route-parameters.ts';
import type { StreamOptions } from './stream-options.ts';

/** The place of a request in memory. See Core in src/runtime/core/core.ts. */
export interface RequestSource {
  /** The parse record of this request, valid until the worker parses again (see `detach`). */
  readonly record: ParseRecord;
  /** A view of the whole shared memory. */
  readonly bytes: Buffer;
  /** Of the request's first byte in `bytes`. */
  readonly address: number;
  readonly peer: Peer;
}

const NO_NAMES: readonly string[] = [];

export class IncomingRequest implements Request<string> {
  readonly peerAddress: string;
  /** null unless the peer is one of them. */
  readonly #proxies: TrustedProxies | null;
  /** Set by the pipeline from the route that matched. */
  parameterNames: readonly string[] = NO_NAMES;
  /** For the log. The pipeline sets it. */
  routeName = 'no route';
  /** The pipeline sets it. */
  identity: RequestIdentity = UNIDENTIFIED;
  /** null once its memory has been given back. */
  #head: RequestHead | null;
  /** The memory with the body, null once it is given back. */
  #memory: Buffer | null;
  readonly #address: number;
  #values: Map<RequestKey<unknown>, unknown> | null = null;
  #abortController: AbortController | null = null;
  #halfClosed: AbortController | null = null;
  #workerEnding: AbortController | null = null;
  #abortReason: unknown = undefined;
  #aborted = false;
  // Values that were read once are kept, and can be read after the end too.
  #path: string | null = null;
  #query: Query | null = null;
  #parameters: RouteParameters | null = null;
  #headers: Record<string, string> | null = null;
  #cookies: Cookies | null = null;
  #body: Content | null = null;
  #preconditions: RequestPreconditions | null = null;
  #client: Client | null = null;

  constructor(source: RequestSource) {
    this.peerAddress = source.peer.address;
    this.#proxies = source.peer.proxies;
    this.#address = source.address;
    this.#memory = source.bytes;
    this.#head = new RequestHead(source.record, source.bytes, source.address);
  }

  get method(): string {
    const head = this.#readableHead();
    const { method, methodStart, methodLength } = head.record;
    return methodName(method) ?? head.text(methodStart, methodLength);
  }

  get target(): string {
    const head = this.#readableHead();
    return head.text(head.record.targetStart, head.record.targetLength);
  }

  get path(): string {
    this.#path ??= this.#readPath();
    return this.#path;
  }

  get query(): Query {
    this.#query ??= this.#readQuery();
    return this.#query;
  }

  get parameters(): RouteParameters {
    this.#parameters ??= readParameters(this.#readableHead(), this.parameterNames);
    return this.#parameters;
  }

  parameter(name: string): string {
    const value = this.parameters[name];
    if (value === undefined) throw new TypeError(`The route has no parameter named "${name}"`);
    return value;
  }

  header(name: string): string | undefined {
    const lowerName = name.toLowerCase();
    if (this.#headers !== null) return this.#headers[lowerName];
    return this.#readableHead().header(lowerName);
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= this.#readableHead().headers();
    return this.#headers;
  }

  get cookies(): Readonly<Cookies> {
    this.#cookies ??= parseCookie(this.header('cookie') ?? '');
    return this.#cookies;
  }

  get remoteAddress(): string {
    return this.#proxies === null ? this.peerAddress : this.#clientBehind(this.#proxies).address;
  }

  get protocol(): 'http' | 'https' {
    return this.#proxies === null ? 'http' : this.#clientBehind(this.#proxies).protocol;
  }

  get host(): string {
    const told = this.#proxies === null ? undefined : this.#clientBehind(this.#proxies).host;
    return told ?? this.#readableHead().host();
  }

  get httpVersion(): '1.0' | '1.1' {
    return this.#readableHead().record.versionMinor === 0 ? '1.0' : '1.1';
  }

  get keepAlive(): boolean {
    return this.#readableHead().record.keepsAlive;
  }

  get bodyLength(): number {
    return this.#readableBody().length;
  }

  bytes(): Uint8Array {
    return this.#readableBody().bytes();
  }

  text(): string {
    this.#assertDecoded();
    return this.#readableBody().text();
  }

  json(): unknown {
    const body = this.#readableBody();
    assertAnnounced(body.isAnnounced);
    this.#assertDecoded();
    assertJson(this.header('content-type'), body.length);
    return parseJson(body.text());
  }

  stream(): AsyncIterable<Uint8Array> {
    this.#assertDecoded();
    return this.#readableBody().pieces();
  }

  async form(limits?: FormLimits): Promise<FormData> {
    const body = this.#readableBody();
    assertAnnounced(body.isAnnounced);
    this.#assertDecoded();
    return await readForm(body, this.header('content-type'), limits);
  }

  get preconditions(): RequestPreconditions {
    this.#preconditions ??= new RequestPreconditions(this, this.isConditional);
    return this.#preconditions;
  }

  get signal(): AbortSignal {
    if (this.#abortController === null) {
      this.#abortController = new AbortController();
      if (this.#aborted) this.#abortController.abort(this.#abortReason);
    }
    return this.#abortController.signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get halfClosed(): AbortSignal {
    this.#halfClosed ??= new AbortController();
    return this.#halfClosed.signal;
  }

  get workerEnding(): AbortSignal {
    this.#workerEnding ??= new AbortController();
    return this.#workerEnding.signal;
  }

  set<T>(key: RequestKey<T>, value: T): void {
    this.#values ??= new Map();
    this.#values.set(key, value);
  }

  get<T>(key: RequestKey<T>): T | undefined {
    // Only `set` writes here, and it takes a value of the key's own type.
    return this.#values?.get(key) as T | undefined;
  }

  require<T>(key: RequestKey<T>): T {
    if (this.#values === null || !this.#values.has(key)) {
      throw new TypeError(`No middleware has set "${key.name}" on this request`);
    }
    return this.#values.get(key) as T;
  }

  // ---- For the runtime alone ----

  /** The METHOD_ constant (assembly/record.ts). */
  get methodNumber(): number {
    return this.#readableHead().record.method;
  }

  /** Index of the route that matched, or ROUTE_NOT_FOUND or ROUTE_METHOD_NOT_ALLOWED (assembly/record.ts). */
  get routeNumber(): number {
    return this.#readableHead().record.route;
  }

  /** Bit mask (1 << METHOD_…) of the methods that the path knows. */
  get allowedMethods(): number {
    return this.#readableHead().record.allowedMethods;
  }

  /** Whether it has preconditions. Asked of every request, so it makes no object. */
  get isConditional(): boolean {
    return this.#readableHead().record.isConditional;
  }

  /** Whether the target is "*". */
  get isAsterisk(): boolean {
    return this.#readableHead().record.targetForm === FORM_ASTERISK;
  }

  /**
   * Decodes compressed content, which is read decoded from then on.
   * @returns a promise only if that takes a while
   * @throws HttpProblem 400, 413, 415, also by the promise
   */
  decodeContent(bounds: ContentCodingOptions): void | Promise<void> {
    const coding = codingOf(this.header('content-encoding'));
    if (coding === null) return;
    const decoded = decode(this.#readableBody().bytes(), coding, bounds);
    if (decoded instanceof Uint8Array) this.#useDecoded(decoded);
    else return decoded.then((bytes) => this.#useDecoded(bytes));
  }

  /** Its content is still coming, from there. */
  streamFrom(source: ContentSource): void {
    this.#body = new StreamedBody(source);
  }

  /**
   * Content is read by `stream` alone, whether it has come as a whole or not.
   * @throws HttpProblem 413, 415
   */
  limitStream({ maxBytes }: StreamOptions): void {
    this.#assertDecoded();
    const body = this.#readableBody();
    const streamed = body instanceof StreamedBody ? body : new StreamedBody(new WholeSource(body));
    streamed.limit(maxBytes);
    this.#body = streamed;
  }

  /** Copies the head, which the worker's next parse overwrites. The body is still read where it lies. */
  detach(): void {
    this.#head?.detach();
  }

  /** The memory is given back. Parts that were not read before can no longer be read. */
  end(): void {
    this.#memory = null;
    this.#body?.end();
    if (this.#head !== null && !this.#head.isDetached) this.#head = null;
  }

  /** The client sends nothing more. */
  halfClose(): void {
    this.#halfClosed ??= new AbortController();
    this.#halfClosed.abort();
  }

  /** The worker is about to end. */
  announceEnding(): void {
    this.#workerEnding ??= new AbortController();
    this.#workerEnding.abort();
  }

  /** The client is gone, or the time is over. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#abortReason = reason;
    this.#abortController?.abort(reason);
  }

  #readableHead(): RequestHead {
    if (this.#head === null) throw new RequestEndedError();
    return this.#head;
  }

  #clientBehind(proxies: TrustedProxies): Client {
    this.#client ??= clientBehind(this.peerAddress, proxies, (name) => this.header(name));
    return this.#client;
  }

  #readPath(): string {
    const head = this.#readableHead();
    const { targetForm, pathStart, pathLength } = head.record;
    return targetForm === FORM_ASTERISK ? '*' : head.text(pathStart, pathLength) || '/';
  }

  #readQuery(): Query {
    const head = this.#readableHead();
    const { queryStart, queryLength } = head.record;
    return new Query(queryLength <= 0 ? '' : head.text(queryStart, queryLength));
  }

  #useDecoded(bytes: Uint8Array): void {
    this.#body = new DecodedBody(bytes);
  }

  /** Encoded content would look like broken text. */
  #assertDecoded(): void {
    if (this.#body?.isDecoded !== true) assertNotEncoded(this.header('content-encoding'));
  }

  #readableBody(): Content {
    this.#body ??= new RequestBody(this.#readableHead().record, this.#memory, this.#address);
    return this.#body;
  }
}
