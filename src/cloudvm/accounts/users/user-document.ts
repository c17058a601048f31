/** How a user is stored, and the indexes of the collection. Used by the user repository. */
import type { ObjectId } from 'mongodb';
import type { DeclaredCollection } from '../../database/collection.ts';

export interface UserDocument {
  _id: ObjectId;
  email: string;
  /** The value that the unique index compares (see case-insensitive-key.ts). */
  emailKey: string;
  username: string;
  usernameKey: string;
  passwordHash: string;
  createdAt: Date;
}

export const USERS: DeclaredCollection = {
  name: 'users',
  indexes: [
    { name: 'email', key: { emailKey: 1 }, unique: true },
    { name: 'username', key: { usernameKey: 1 }, unique: true },
  ],
};
