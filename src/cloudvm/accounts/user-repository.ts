/**
 * The users of the application: who they are and the hash of their password. Called by the authentication
 * controllers; addresses and usernames are unique without regard to case.
 */
import { type Collection, ObjectId } from 'mongodb';
import { USERS } from '../database/collections.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { duplicateFields, isDuplicateKey } from '../database/driver-errors.ts';
import { DuplicateKeyError } from '../database/errors.ts';
import { parseObjectId } from '../database/object-id.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly createdAt: Date;
}

/** Only for checking a password: never part of an answer. */
export interface UserWithPassword extends User {
  readonly passwordHash: string;
}

export interface NewUser {
  readonly email: string;
  readonly username: string;
  readonly passwordHash: string;
}

interface UserDocument {
  _id: ObjectId;
  email: string;
  /** What the unique index compares. */
  emailKey: string;
  username: string;
  usernameKey: string;
  passwordHash: string;
  createdAt: Date;
}

const FIELD_OF_KEY: Readonly<Record<string, string>> = { emailKey: 'email', usernameKey: 'username' };

export class UserRepository {
  readonly #service: DatabaseService;
  readonly #users: Collection<UserDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#users = service.collection<UserDocument>(USERS);
  }

  /** @throws DuplicateKeyError whose `keys` are 'email', 'username' or both */
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
    // Repeatable: the _id is ours, so a second insert that finds it knows that the first one succeeded.
    return this.#service.runRepeatable(async () => {
      try {
        await this.#users.insertOne(document);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        const taken = await this.#takenFields(document);
        if (taken === undefined) return toUser(document);
        throw new DuplicateKeyError(taken.length > 0 ? taken : duplicateFields(error, FIELD_OF_KEY));
      }
      return toUser(document);
    });
  }

  async findByEmail(email: string): Promise<UserWithPassword | undefined> {
    const emailKey = caseInsensitiveKey(email);
    const found = await this.#service.run(() => this.#users.findOne({ emailKey }));
    return found === null ? undefined : { ...toUser(found), passwordHash: found.passwordHash };
  }

  /** A malformed id is nobody's. */
  async findById(id: string): Promise<User | undefined> {
    const _id = parseObjectId(id);
    if (_id === undefined) return undefined;
    const found = await this.#service.run(() => this.#users.findOne({ _id }));
    return found === null ? undefined : toUser(found);
  }

  /**
   * Asks instead of reading the server's message: not every server names the index, and one that does names
   * only the first. @returns undefined when it is this very document that is stored
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

/** Two spellings of one character are one character (NFC) before case is dropped. */
function caseInsensitiveKey(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function toUser(document: UserDocument): User {
  return {
    id: document._id.toHexString(),
    email: document.email,
    username: document.username,
    createdAt: document.createdAt,
  };
}
