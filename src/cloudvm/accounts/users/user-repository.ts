/**
 * The users of the application: who they are, and the hash of their password. Called by the account
 * controller. E-mail addresses and usernames are unique without regard to case.
 */
import { type Collection, type Filter, MongoServerError, ObjectId } from 'mongodb';
import { BatchedReads } from '../../database/batched-reads.ts';
import type { DatabaseService } from '../../database/database-service.ts';
import { duplicateFields, isDuplicateKey } from '../../database/driver-errors.ts';
import { isObjectId } from '../../database/hexadecimal-id.ts';
import { anyOf, requireObjectId } from '../../database/object-id.ts';
import { isRemembered, type PasswordKey } from './account-keys.ts';
import { caseInsensitiveKey } from './case-insensitive-key.ts';
import { USERS, type UserDocument } from './user-document.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly createdAt: Date;
  /** With which tokens are valid (sessions/sessions.ts). */
  readonly tokenVersion: number;
}

/** Only for checking a password, never part of an answer. */
export interface UserWithPassword extends User {
  readonly passwordHash: string;
  readonly passwordKeys: readonly PasswordKey[];
}

export interface NewUser {
  readonly email: string;
  readonly username: string;
  readonly passwordHash: string;
  /** As in account-keys.ts. */
  readonly registrationKey?: string | undefined;
}

/** Replaces the password that the client knows, which has the hash `current`. */
export interface PasswordChange {
  readonly current: string;
  readonly passwordHash: string;
  /** The keys of the latest changes, if this one has a key. */
  readonly passwordKeys?: readonly PasswordKey[] | undefined;
}

/** Undefined fields stay as they are. */
export interface UserChanges {
  readonly email?: string | undefined;
  readonly username?: string | undefined;
}

interface Identity {
  /** Hexadecimal, in lower case. */
  readonly id: string;
}

/** Another user has the same e-mail address or username. */
export class AlreadyTakenError extends Error {
  readonly code = 'ALREADY_TAKEN';
  override readonly name = 'AlreadyTakenError';
  /** 'email', 'username' or both. */
  readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    super(`already taken: ${fields.join(', ')}`);
    this.fields = fields;
  }
}

type TokenVersion = Pick<UserDocument, '_id' | 'tokenVersion' | 'deletedAt'>;

const FIELD_OF_KEY: Readonly<Record<string, string>> = { emailKey: 'email', usernameKey: 'username' };

export class UserRepository {
  readonly #service: DatabaseService;
  readonly #users: Collection<UserDocument>;
  readonly #reads: BatchedReads<Identity, UserDocument>;
  readonly #tokenVersions: BatchedReads<Identity, TokenVersion>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#users = service.collection<UserDocument>(USERS.name);
    const keyOf = ({ id }: Identity) => id;
    const keyOfFound = ({ _id }: Pick<UserDocument, '_id'>) => _id.toHexString();
    const find = (identities: readonly Identity[]) => this.#findAll(identities);
    this.#reads = new BatchedReads({ service, find, keyOf, keyOfFound });
    this.#tokenVersions = new BatchedReads({
      // A batch is one operation of the database service. Refreshes in the background would otherwise take
      // the places of as many requests.
      service: { run: (read) => read() },
      find: (identities) => service.run(() => this.#findVersions(identities)),
      keyOf,
      keyOfFound,
    });
  }

  /** @throws AlreadyTakenError, which names every field that is taken */
  async create(user: NewUser): Promise<User> {
    const document: UserDocument = {
      _id: new ObjectId(),
      email: user.email,
      emailKey: caseInsensitiveKey(user.email),
      username: user.username,
      usernameKey: caseInsensitiveKey(user.username),
      passwordHash: user.passwordHash,
      createdAt: new Date(),
      ...(user.registrationKey !== undefined && { registrationKey: user.registrationKey }),
    };
    // Repeatable, because we chose the _id: a second insert that finds it knows that the first one succeeded.
    return this.#service.runRepeatable(async () => {
      try {
        await this.#users.insertOne(document);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const taken = await this.#takenFields(document);
        if (taken === undefined) return toUser(document);
        throw new AlreadyTakenError(taken.length > 0 ? taken : duplicateFields(error, FIELD_OF_KEY));
      }
      return toUser(document);
    });
  }

  async findByEmail(email: string): Promise<UserWithPassword | undefined> {
    const emailKey = caseInsensitiveKey(email);
    return withPassword(await this.#service.run(() => this.#users.findOne({ emailKey })));
  }

  /** The user whose registration had this key, within the last 24 hours. */
  async findRegistered(registrationKey: string): Promise<UserWithPassword | undefined> {
    const found = await this.#service.run(() =>
      this.#users.findOne({ registrationKey }, { readPreference: 'primary' }),
    );
    return found === null || !isRemembered(found.createdAt) ? undefined : withPassword(found);
  }

  /** Which of the two another user has. */
  async taken({ email, username }: Pick<NewUser, 'email' | 'username'>): Promise<readonly string[]> {
    const keys = { emailKey: caseInsensitiveKey(email), usernameKey: caseInsensitiveKey(username) };
    return takenFrom(keys, await this.#service.run(() => this.#holders(keys)));
  }

  /** @returns undefined for a malformed id too */
  async findById(id: string): Promise<User | undefined> {
    if (!isObjectId(id)) return undefined;
    const found = await this.#reads.read({ id: id.toLowerCase() });
    return found === undefined || found.deletedAt !== undefined ? undefined : toUser(found);
  }

  /** To check a password. */
  async findWithPassword(id: string): Promise<UserWithPassword | undefined> {
    return withPassword(await this.#service.run(() => this.#users.findOne(present(id))));
  }

  /** @returns undefined if there is no such user, or not any more */
  async readTokenVersion(id: string): Promise<number | undefined> {
    const found = await this.#tokenVersions.read({ id: id.toLowerCase() });
    return found === undefined || found.deletedAt !== undefined ? undefined : (found.tokenVersion ?? 0);
  }

  /** @returns undefined if there is no such user. @throws AlreadyTakenError */
  async change(id: string, { email, username }: UserChanges): Promise<User | undefined> {
    const fields = {
      ...(email !== undefined && { email, emailKey: caseInsensitiveKey(email) }),
      ...(username !== undefined && { username, usernameKey: caseInsensitiveKey(username) }),
    };
    // Not repeatable, because a repetition could undo what another request wrote in between.
    return this.#service.run(async () => {
      try {
        const change = { $set: fields };
        const changed = await this.#users.findOneAndUpdate(present(id), change, { returnDocument: 'after' });
        return changed === null ? undefined : toUser(changed);
      } catch (error) {
        if (!(error instanceof MongoServerError)) throw error;
        // FerretDB 1.24 has another error for an update that finds a duplicate, so this does not look at it.
        const taken = takenFrom(fields, await this.#others(id, fields));
        if (taken.length > 0) throw new AlreadyTakenError(taken);
        throw isDuplicateKey(error) ? new AlreadyTakenError(duplicateFields(error, FIELD_OF_KEY)) : error;
      }
    });
  }

  /**
   * Replaces the password, and withdraws all tokens. The database decides, so of two simultaneous changes one
   * wins.
   * @returns undefined if the user has another password by now, or does not exist
   */
  async changePassword(
    id: string,
    { current, passwordHash, passwordKeys }: PasswordChange,
  ): Promise<User | undefined> {
    return this.#service.runRepeatable(async (repetition) => {
      const fields = { passwordHash, ...(passwordKeys !== undefined && { passwordKeys: [...passwordKeys] }) };
      const change = { $set: fields, $inc: { tokenVersion: 1 } };
      const changed = await this.#users.findOneAndUpdate({ ...present(id), passwordHash: current }, change, {
        returnDocument: 'after',
      });
      if (changed !== null) return toUser(changed);
      // The first attempt, whose connection broke, may have done it. A hash has a salt, so it is ours.
      const ours = { ...present(id), passwordHash };
      const done = repetition ? await this.#users.findOne(ours, { readPreference: 'primary' }) : null;
      return done === null ? undefined : toUser(done);
    });
  }

  /**
   * Marks an account as deleted. From now on it does not exist for requests. What identifies the person goes
   * at once, and the address and the name are free. What else belongs to it is for AccountRemoval.
   * @param current the hash of the password that the client knows
   * @returns whether it was this call that did it
   */
  async markDeleted(id: string, current: string): Promise<boolean> {
    const now = new Date();
    const unique = `deleted:${id}`;
    const fields = { email: '', emailKey: unique, username: '', usernameKey: unique, passwordHash: '' };
    const change = {
      $set: { ...fields, deletedAt: now, removalDueAt: now },
      $unset: { registrationKey: '', passwordKeys: '' },
    } as const;
    return this.#service.runRepeatable(async (repetition) => {
      const { matchedCount } = await this.#users.updateOne({ ...present(id), passwordHash: current }, change);
      if (matchedCount === 1 || !repetition) return matchedCount === 1;
      const deleted = await this.#users.findOne(
        { _id: requireObjectId(id), deletedAt: { $exists: true } },
        { readPreference: 'primary' },
      );
      return deleted !== null;
    });
  }

  #findAll(identities: readonly Identity[]): Promise<UserDocument[]> {
    const limit = identities.length;
    const filter = { _id: anyOf(identities.map(({ id }) => id)) };
    return this.#users.find(filter, { limit, batchSize: limit + 1 }).toArray();
  }

  /** Of the primary, because a replica may lag behind for longer than a version may be old. */
  #findVersions(identities: readonly Identity[]): Promise<TokenVersion[]> {
    const limit = identities.length;
    const filter = { _id: anyOf(identities.map(({ id }) => id)) };
    const projection = { tokenVersion: 1, deletedAt: 1 };
    return this.#users
      .find<TokenVersion>(filter, { projection, limit, batchSize: limit + 1, readPreference: 'primary' })
      .toArray();
  }

  /** @returns undefined when the stored document is this very one */
  async #takenFields(document: UserDocument): Promise<readonly string[] | undefined> {
    const holders = await this.#holders(document);
    if (holders.some((holder) => holder._id.equals(document._id))) return undefined;
    return takenFrom(document, holders);
  }

  async #others(id: string, keys: UniqueKeys): Promise<readonly UserDocument[]> {
    return (await this.#holders(keys)).filter(({ _id }) => _id.toHexString() !== id.toLowerCase());
  }

  /**
   * Asks the database instead of reading its error message. Not every server names the index in it, and those
   * that do name only the first.
   */
  #holders({ emailKey, usernameKey }: UniqueKeys): Promise<readonly UserDocument[]> {
    const either: Filter<UserDocument>[] = [];
    if (emailKey !== undefined) either.push({ emailKey });
    if (usernameKey !== undefined) either.push({ usernameKey });
    return this.#users.find({ $or: either }, { readPreference: 'primary' }).toArray();
  }
}

interface UniqueKeys {
  readonly emailKey?: string;
  readonly usernameKey?: string;
}

function takenFrom({ emailKey, usernameKey }: UniqueKeys, holders: readonly UserDocument[]): string[] {
  const taken: string[] = [];
  if (holders.some((holder) => holder.emailKey === emailKey)) taken.push('email');
  if (holders.some((holder) => holder.usernameKey === usernameKey)) taken.push('username');
  return taken;
}

/** A user who has not deleted the account. */
function present(id: string): Filter<UserDocument> {
  return { _id: requireObjectId(id), deletedAt: { $exists: false } };
}

function withPassword(found: UserDocument | null): UserWithPassword | undefined {
  if (found === null) return undefined;
  const { passwordHash, passwordKeys = [] } = found;
  return { ...toUser(found), passwordHash, passwordKeys };
}

/** A copy of everything, because simultaneous reads share a document. */
function toUser(document: UserDocument): User {
  return {
    id: document._id.toHexString(),
    email: document.email,
    username: document.username,
    createdAt: new Date(document.createdAt),
    tokenVersion: document.tokenVersion ?? 0,
  };
}
