/**
 * The settings of the command `npm run database`. A server that runs the database inside its own process
 * passes the data directory itself.
 */
import { DATA_DIRECTORY } from '../platform/settings/data-directory.ts';
import type { SettingsGroup } from '../platform/settings/settings.ts';

export interface DatabaseSettings {
  /** Absolute path. */
  readonly dataDirectory: string;
}

export const DATABASE_SETTINGS: SettingsGroup<DatabaseSettings> = {
  declarations: { dataDirectory: DATA_DIRECTORY },
  contradictions: () => [],
};
