/** What a benchmark of the API sends, and what it must take care of. */
import type { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import type { LoadRequest } from '../load.ts';
import type { Normalize } from './answers.ts';
import type { ArmName } from './arms.ts';
import type { SeededUser } from './dataset.ts';

export interface ScenarioDefaults {
  readonly arms: readonly ArmName[];
  readonly connections: readonly number[];
  readonly mostConnections: number;
}

export interface Scenario {
  /** As in the heading of the report. */
  readonly title: string;
  readonly defaults: ScenarioDefaults;
  /** What a reader of the numbers has to know. */
  readonly remarks: readonly string[];
  /** Sent in random order. */
  requests(users: readonly SeededUser[]): readonly LoadRequest[];
  /** Further requests that all servers must answer alike, such as those that are refused. */
  alsoCompared(users: readonly SeededUser[]): readonly LoadRequest[];
  readonly normalize?: Normalize;
  /** Ends when the work that a load has left behind is done. It counts as the load's. */
  settle?(database: DatabaseService): Promise<void>;
  /** Takes away what a load has made. */
  cleanUp?(database: DatabaseService): Promise<void>;
}

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
