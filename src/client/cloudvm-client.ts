/** The client: what a program makes once and uses for all its calls. */
import type {
  AccountDeletion,
  Login,
  Operation,
  PasswordChange,
  Registration,
  Session,
  User,
  UserChanges,
} from '../cloudvm/contract/client-contract.ts';
import { bodyOf, type OperationReference } from './calls/body.ts';
import type { CallAnswer, CallId, CallInput, KeyOption } from './calls/call.ts';
import { jsonOf } from './calls/json-answer.ts';
import { OperationCalls } from './calls/operation-calls.ts';
import { type AnyInput, outgoing } from './calls/outgoing.ts';
import { SnapshotCalls } from './calls/snapshot-calls.ts';
import { VmCalls } from './calls/vm-calls.ts';
import { type WaitOptions, waitFor } from './calls/wait-for.ts';
import { type Events, type EventsOptions, followEvents } from './events/follow-events.ts';
import { Transport } from './exchange/transport.ts';
import { type CallOptions, type ClientOptions, settingsOf } from './options.ts';
import type { RateLimit } from './retries/rate-limit.ts';
import { RateLimits } from './retries/rate-limits.ts';
import { Sender } from './retries/sender.ts';

export class CloudVmClient implements AsyncDisposable {
  readonly vms: VmCalls;
  readonly snapshots: SnapshotCalls;
  readonly operations: OperationCalls;
  readonly #transport: Transport;
  readonly #sender: Sender;
  readonly #limits = new RateLimits();
  #token: string | undefined;

  /** Opens no connection yet. @throws CloudVmUsageError */
  constructor(options: ClientOptions) {
    const settings = settingsOf(options);
    this.#token = options.token;
    this.#transport = new Transport(settings, options.dispatcher);
    this.#sender = new Sender(this.#transport, settings, this.#limits);
    this.vms = new VmCalls(this.request);
    this.snapshots = new SnapshotCalls(this.request);
    this.operations = new OperationCalls(this.request);
  }

  /** Makes an account. The calls that follow are made for it. */
  async register(registration: Registration, options: CallOptions & KeyOption = {}): Promise<Session> {
    return this.#enter(
      bodyOf('register', await this.request('register', { ...options, body: registration })),
    );
  }

  /** The calls that follow are made for this account. */
  async login(login: Login, options: CallOptions = {}): Promise<Session> {
    return this.#enter(bodyOf('login', await this.request('login', { ...options, body: login })));
  }

  /** Calls are made with this token from now on. Undefined: without one. */
  useToken(token: string | undefined): void {
    this.#token = token;
  }

  /** The account that the calls are made for. */
  async account(options: CallOptions = {}): Promise<User> {
    return bodyOf('getAccount', await this.request('getAccount', options));
  }

  /** Changes the e-mail address, the username or both. */
  async updateAccount(changes: UserChanges, options: CallOptions = {}): Promise<User> {
    return bodyOf('updateAccount', await this.request('updateAccount', { ...options, body: changes }));
  }

  /** Every other token of the account is refused from now on. The calls that follow use the new one. */
  async changePassword(change: PasswordChange, options: CallOptions & KeyOption = {}): Promise<Session> {
    const answer = await this.request('changePassword', { ...options, body: change });
    return this.#enter(bodyOf('changePassword', answer));
  }

  /** To be called before the token expires (`expiresAt`). The calls that follow use the new one. */
  async renewToken(options: CallOptions = {}): Promise<Session> {
    return this.#enter(bodyOf('renewToken', await this.request('renewToken', options)));
  }

  /** With its VMs and snapshots. The calls that follow are made without a token. */
  async deleteAccount(deletion: AccountDeletion, options: CallOptions = {}): Promise<void> {
    await this.request('deleteAccount', { ...options, body: deletion });
    this.#token = undefined;
  }

  /**
   * Waits until the operation has succeeded.
   * @throws CloudVmOperationFailed, or CloudVmTimeout after `timeoutMs` (300,000). The operation goes on then
   */
  waitFor(operation: OperationReference, options: WaitOptions = {}): Promise<Operation> {
    return waitFor(this.request, operation, options);
  }

  /** Every change of the account's VMs, snapshots and operations, until the loop over it is left. */
  events(options: EventsOptions = {}): Events {
    return followEvents(this.#transport, () => this.#token, options);
  }

  /**
   * Any call by its operation id, with the whole answer. What the methods above do not show is here: status
   * and header fields.
   */
  readonly request = async <Id extends CallId>(id: Id, input: CallInput<Id>): Promise<CallAnswer<Id>> => {
    const answer = await this.#sender.send(outgoing(id, input as AnyInput, this.#token), input);
    return { status: answer.status, headers: answer.fields, body: jsonOf(id, answer) } as CallAnswer<Id>;
  };

  /** What the server has said last about its rate limit. Undefined if it has none. */
  get rateLimit(): RateLimit | undefined {
    return this.#limits.latest;
  }

  /** Ends the calls under way, and closes the connections. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #enter(session: Session): Session {
    this.#token = session.token;
    return session;
  }
}
