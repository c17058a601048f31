/**
 * The command `npm run database`: the embedded database as a process of its own, for several server
 * processes on one machine. Prints its URI, to be given to them as MONGODB_URI; ends on SIGINT or SIGTERM.
 */
import { EmbeddedDatabase, EmbeddedDatabaseError } from './start.ts';

const EXIT_FAILURE = 1;

async function main(): Promise<void> {
  await using database = await EmbeddedDatabase.start({
    dataDirectory: process.env['DATA_DIR'] || './data',
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
    // A second one changes nothing: npm and the terminal each deliver Ctrl-C, and closing is bounded.
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
  });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof EmbeddedDatabaseError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = EXIT_FAILURE;
}
