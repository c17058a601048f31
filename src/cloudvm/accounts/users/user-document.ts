/** How a user is stored, and the indexes of the collection. Used by the user repository. */
import type { ObjectId } from 'mongodb';
import type { DeclaredCollection } from '../../database/collection.ts';
import type { PasswordKey } from './account-keys.ts';

export interface UserDocument {
  _id: ObjectId;
  email: string;
  /** The value that the unique index compares (see case-insensitive-key.ts). */
  emailKey: string;
  username: string;
  usernameKey: string;
  passwordHash: string;
  createdAt: Date;
  /** Grows when the tokens issued before are withdrawn. Absent until then, which means 0. */
  tokenVersion?: number;
  /** Finds the account for who repeats its registration (account-keys.ts). Absent without a key. */
  registrationKey?: string;
  /** Of the latest changes of the password that had a key. */
  passwordKeys?: PasswordKey[];
  /** When the user deleted the account. The document stays until nothing is left that belongs to it. */
  deletedAt?: Date;
  /** Only of a deleted account: from when on a worker may take its removal. The end of a wait, or a lease. */
  removalDueAt?: Date;
}

export const USERS: DeclaredCollection = {
  name: 'users',
  indexes: [
    { name: 'email', key: { emailKey: 1 }, unique: true },
    { name: 'username', key: { usernameKey: 1 }, unique: true },
    // For registrations that are sent again. All that had no key share the value null.
    { name: 'registrationKey', key: { registrationKey: 1 } },
    // For workers that look for deleted accounts. All others share the value null.
    { name: 'removalDueAt', key: { removalDueAt: 1 } },
  ],
};
