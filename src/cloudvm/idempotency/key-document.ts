/** How a key is remembered, and the indexes of the collection. */
import { createHash } from 'node:crypto';
import type { ObjectId } from 'mongodb';
import type { DeclaredCollection } from '../database/collection.ts';
import type { Plan } from './plan.ts';

/** From the first request on. */
export const REMEMBERED_MS = 24 * 60 * 60 * 1000;

export interface KeyDocument {
  /** A digest of the user and the key. */
  _id: string;
  ownerId: ObjectId;
  /** A digest of the request. It tells a repetition from another use of the key. */
  fingerprint: string;
  /** Grows by one whenever a repetition takes the request over from one that seems to have died. */
  attempt: number;
  /** From then on the attempt is believed dead. */
  leaseEndsAt: Date;
  /** Of the latest attempt, or of an earlier one that the latest has not looked into yet. */
  plan: Plan;
  expiresAt: Date;
}

export const IDEMPOTENCY_KEYS: DeclaredCollection = {
  name: 'idempotencyKeys',
  indexes: [
    // For the number of keys of a user, and for the removal of accounts.
    { name: 'owner_expiresAt', key: { ownerId: 1, expiresAt: 1 } },
    { name: 'expiresAt', key: { expiresAt: 1 } },
  ],
};

/** What marks a request: who has sent it, with which key, and what it asks for. */
export interface KeyedRequest {
  /** Hexadecimal, in lower case. */
  readonly ownerId: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** Of fixed length, and none of another user's: whatever the key is, nobody else can hit it. */
export function keyIdOf({ ownerId, key }: Pick<KeyedRequest, 'ownerId' | 'key'>): string {
  return digest([ownerId, key]);
}

export function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
