/**
 * The command `npm run database`: the embedded database as a process of its own, for several server processes
 * on one machine. It prints the URI to set as MONGODB_URI, and ends on SIGINT or SIGTERM.
 */
import { readSettings, SettingsError } from '../platform/settings/settings.ts';
import { EmbeddedDatabaseError } from './embedded-database-error.ts';
import { DATABASE_SETTINGS } from './settings.ts';
import { EmbeddedDatabase } from './thread/embedded-database.ts';

const EXIT_FAILURE = 1;
const EXIT_WRONG_SETTING = 2;

async function main(): Promise<void> {
  const { dataDirectory } = readSettings(DATABASE_SETTINGS, process.env);
  await using database = await EmbeddedDatabase.start({
    dataDirectory,
    onLog: ({ level, message, details }) => {
      if (level !== 'debug') console.error(`${level}: ${message} ${JSON.stringify(details)}`);
    },
  });
  const stopped = untilSignal();
  console.log(database.uri);
  await Promise.race([stopped, database.closed]);
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    // Later signals change nothing. npm and the terminal each deliver Ctrl-C, and closing takes a bounded
    // time.
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
  });
}

try {
  await main();
} catch (error) {
  if (error instanceof SettingsError) {
    console.error(error.message);
    process.exitCode = EXIT_WRONG_SETTING;
  } else if (error instanceof EmbeddedDatabaseError) {
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = EXIT_FAILURE;
  } else {
    throw error;
  }
}
