/**
 * The users of the application: who they are, and the hash of their password. Called by the account
 * controller. E-mail addresses and usernames are unique without regard to case.
 */
import { type Collection, ObjectId } from 'mongodb';
import { BatchedReads } from '../../database/batched-reads.ts';
import type { DatabaseService } from '../../database/database-service.ts';
import { duplicateFields, isDuplicateKey } from '../../database/driver-errors.ts';
import { isObjectId } from '../../database/hexadecimal-id.ts';
import { anyOf } from '../../database/object-id.ts';
import { caseInsensitiveKey } from './case-insensitive-key.ts';
import { USERS, type UserDocument } from './user-document.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly createdAt: Date;
}

/** Only for checking a password, never part of an answer. */
export interface UserWithPassword extends User {
  readonly passwordHash: string;
}

export interface NewUser {
  readonly email: string;
  readonly username: string;
  readonly passwordHash: string;
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

const FIELD_OF_KEY: Readonly<Record<string, string>> = { emailKey: 'email', usernameKey: 'username' };

export class UserRepository {
  readonly #service: DatabaseService;
  readonly #users: Collection<UserDocument>;
  readonly #reads: BatchedReads<Identity, UserDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#users = service.collection<UserDocument>(USERS.name);
    const find = (identities: readonly Identity[]) => this.#findAll(identities);
    this.#reads = new BatchedReads({
      service,
      find,
      keyOf: ({ id }) => id,
      keyOfFound: ({ _id }) => _id.toHexString(),
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
    const found = await this.#service.run(() => this.#users.findOne({ emailKey }));
    return found === null ? undefined : { ...toUser(found), passwordHash: found.passwordHash };
  }

  /** @returns undefined for a malformed id too */
  async findById(id: string): Promise<User | undefined> {
    if (!isObjectId(id)) return undefined;
    const found = await this.#reads.read({ id: id.toLowerCase() });
    return found === undefined ? undefined : toUser(found);
  }

  #findAll(identities: readonly Identity[]): Promise<UserDocument[]> {
    const limit = identities.length;
    const filter = { _id: anyOf(identities.map(({ id }) => id)) };
    return this.#users.find(filter, { limit, batchSize: limit + 1 }).toArray();
  }

  /**
   * Asks the database instead of reading its error message. Not every server names the index in it, and those
   * that do name only the first.
   * @returns undefined when the stored document is this very one
   */
  async #takenFields(document: UserDocument): Promise<readonly string[] | undefined> {
    const { _id, emailKey, usernameKey } = document;
    const holders = await this.#users
      .find({ $or: [{ emailKey }, { usernameKey }] }, { readPreference: 'primary' })
      .toArray();
    if (holders.some((holder) => holder._id.equals(_id))) return undefined;
    const taken: string[] = [];
    if (holders.some((holder) => holder.emailKey === emailKey)) taken.push('email');
    if (holders.some((holder) => holder.usernameKey === usernameKey)) taken.push('username');
    return taken;
  }
}

/** A copy of everything, because simultaneous reads share a document. */
function toUser(document: UserDocument): User {
  return {
    id: document._id.toHexString(),
    email: document.email,
    username: document.username,
    createdAt: new Date(document.createdAt),
  };
}
