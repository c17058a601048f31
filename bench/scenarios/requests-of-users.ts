/** What the scenarios of the API have in common. */
import type { SeededUser } from '../laboratory/cloudvm/dataset.ts';
import type { LoadRequest } from '../laboratory/load/request.ts';

export function authorized(user: SeededUser): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${user.token}` };
}

export function firstUser(users: readonly SeededUser[]): SeededUser {
  const [user] = users;
  if (user === undefined) throw new Error('no user was seeded');
  return user;
}

/** Any request that reads the database and that every server can answer. */
export function firstRead(users: readonly SeededUser[]): LoadRequest {
  const user = firstUser(users);
  const [vm] = user.vms;
  if (vm === undefined) throw new Error('no VM was seeded');
  return { method: 'GET', path: `/api/vms/${vm._id.toHexString()}`, headers: authorized(user) };
}
