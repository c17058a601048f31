/** Opens the hub of events on a worker's database. */

import type { DatabaseService } from '../database/database-service.ts';
import { OPERATIONS } from '../operations/repository/operation-document.ts';
import { SNAPSHOTS } from '../snapshots/repository/snapshot-document.ts';
import { VMS } from '../vms/repository/vm-document.ts';
import { ChangeReader } from './change-reader.ts';
import { ChangeStreamWatch } from './change-stream.ts';
import { EventHub } from './event-hub.ts';

const WATCHED = [VMS.name, SNAPSHOTS.name, OPERATIONS.name];

export function openEvents(database: DatabaseService, onError: (error: unknown) => void): EventHub {
  return new EventHub({
    database: database.description,
    reader: new ChangeReader(database),
    watch: (wake) => new ChangeStreamWatch(database.watchable, WATCHED, wake),
    onError,
  });
}
