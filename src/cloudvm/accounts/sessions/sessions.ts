/**
 * Which tokens are still valid. The tokens of a user have a version. A change of the password raises it, and
 * from then on only tokens of the new version are valid. Without the user, none is.
 *
 * A worker remembers the versions that it has read, so a request needs no query. Two things bound how long it
 * is mistaken. A worker that withdraws tokens tells the others of its process at once. Other processes notice
 * within MAX_AGE_MS, because nothing that was read earlier is trusted. A version that is in use is read again
 * well before, in the background, so that no request waits for it. Reads of one turn of the event loop travel
 * together.
 *
 * The age counts from the moment before the read, and a message counts as read when it arrives. Of two pieces
 * of knowledge the later one wins. So a read that was overtaken by a message does not undo it.
 */
import { InvalidTokenError, type TokenSubject } from '../tokens/token-claims.ts';
import { FollowedSessions } from './followed-sessions.ts';
import { SessionChannel, type Withdrawal } from './session-channel.ts';

/** How long another process may accept a token that was withdrawn. */
export const MAX_AGE_MS = 5_000;
/** Once it is that old, a version in use is read again in the background. */
const REFRESH_AFTER_MS = 2_000;
/** Users that a worker remembers. Each takes some 200 bytes. */
const MAX_KNOWN = 10_000;

/** The version of a user's tokens. Undefined: there is no such user. */
export type ReadTokenVersion = (userId: string) => Promise<number | undefined>;

export interface SessionsOptions {
  /** Of the database as it is now, not of a replica that may lag behind. */
  readonly readTokenVersion: ReadTokenVersion;
  /** Names the database, since one process may use several. */
  readonly database: string;
  readonly maxAgeMs?: number;
  readonly refreshAfterMs?: number;
  readonly maxKnown?: number;
}

interface Known {
  readonly version: number | undefined;
  /** On the clock of `performance.now()`. */
  readonly asOf: number;
  isBeingRead: boolean;
}

export class Sessions implements Disposable {
  readonly #options: Required<SessionsOptions>;
  readonly #channel: SessionChannel;
  readonly #followed = new FollowedSessions((subject) => this.check(subject));
  /** By user id. The one that was learned of first is forgotten first. */
  readonly #known = new Map<string, Known>();

  constructor(options: SessionsOptions) {
    this.#options = {
      maxAgeMs: MAX_AGE_MS,
      refreshAfterMs: REFRESH_AFTER_MS,
      maxKnown: MAX_KNOWN,
      ...options,
    };
    this.#channel = new SessionChannel(options.database, (withdrawal) => this.#learnOf(withdrawal));
  }

  /**
   * @returns a promise only if the database must be asked
   * @throws InvalidTokenError
   */
  check(subject: TokenSubject): void | Promise<void> {
    const known = this.#known.get(subject.userId);
    if (known === undefined) return this.#checkAnew(subject);
    const age = performance.now() - known.asOf;
    // A token of a later version comes from a change of which this worker has not heard yet.
    if (age > this.#options.maxAgeMs || isLater(subject, known)) return this.#checkAnew(subject);
    if (age > this.#options.refreshAfterMs && !known.isBeingRead) this.#refresh(subject.userId, known);
    refuseUnlessCurrent(subject, known.version);
  }

  /** To be called once the database has it. All workers of this process know it then. */
  withdraw(withdrawal: Withdrawal): void {
    this.#channel.send(withdrawal);
    this.#learnOf(withdrawal);
  }

  /**
   * @param onEnd is called once, when the token has expired or was withdrawn
   * @returns to be disposed of when its end no longer matters
   */
  follow(subject: TokenSubject, onEnd: () => void): Disposable {
    return this.#followed.add(subject, onEnd);
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
    this.#followed[Symbol.dispose]();
  }

  async #checkAnew(subject: TokenSubject): Promise<void> {
    refuseUnlessCurrent(subject, await this.#read(subject.userId));
  }

  /** A failure is no verdict. Whoever comes when the knowledge is too old learns of it. */
  #refresh(userId: string, known: Known): void {
    known.isBeingRead = true;
    this.#read(userId).catch(() => {
      known.isBeingRead = false;
    });
  }

  async #read(userId: string): Promise<number | undefined> {
    const asOf = performance.now();
    const version = await this.#options.readTokenVersion(userId);
    return this.#learn(userId, { version, asOf, isBeingRead: false });
  }

  #learnOf({ userId, version }: Withdrawal): void {
    this.#learn(userId, { version, asOf: performance.now(), isBeingRead: false });
    this.#followed.look(userId);
  }

  /** @returns the latest version that is known */
  #learn(userId: string, learned: Known): number | undefined {
    const known = this.#known.get(userId);
    if (known !== undefined && known.asOf > learned.asOf) return known.version;
    this.#known.delete(userId);
    if (this.#known.size >= this.#options.maxKnown) this.#forgetOldest();
    this.#known.set(userId, learned);
    return learned.version;
  }

  #forgetOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function isLater(subject: TokenSubject, { version }: Known): boolean {
  return version !== undefined && subject.version > version;
}

function refuseUnlessCurrent(subject: TokenSubject, version: number | undefined): void {
  if (subject.version !== version) throw new InvalidTokenError('withdrawn');
}
