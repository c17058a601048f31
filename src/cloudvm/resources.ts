/**
 * The resources that the CloudVM application needs before any worker starts: a database and a signing secret.
 * The main thread opens them, hands them to the workers through their environment, and closes them after the
 * workers have ended.
 */

import { EmbeddedDatabase } from '../embedded-mongodb/index.ts';
import type { Logger } from '../platform/log.ts';
import { shareHashingLine } from './accounts/passwords/line/hashing-memory.ts';
import { type PreparedSecret, prepareSecret } from './accounts/tokens/secret.ts';
import { hostsOf } from './database/connection-string.ts';
import { type CloudVmSettings, EMBEDDED_DIRECTORY, secretsForWorkers } from './settings.ts';

export interface CloudVmResources extends AsyncDisposable {
  /** For the workers' environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** The database, in words for the operator, never with credentials. */
  readonly database: string;
  /** Rejects when the embedded database ends by itself. */
  readonly failed: Promise<never>;
}

/** @throws SecretError, EmbeddedDatabaseError */
export async function openCloudVmResources(
  settings: CloudVmSettings,
  logger: Logger,
): Promise<CloudVmResources> {
  const { mongodbUri } = settings;
  const secret = await prepareSecret(settings);
  reportOwnSecret(secret, mongodbUri, logger);
  shareHashingLine();
  if (mongodbUri !== undefined) {
    return {
      environment: secretsForWorkers(settings),
      database: `MongoDB at ${hostsOf(mongodbUri)}`,
      failed: new Promise(() => {}),
      async [Symbol.asyncDispose]() {},
    };
  }
  const database = await EmbeddedDatabase.start({
    dataDirectory: settings.dataDirectory,
    onLog: ({ level, message, details }) => logger[level](details, message),
  });
  return {
    environment: {
      ...secretsForWorkers(settings),
      MONGODB_URI: database.uri,
      [EMBEDDED_DIRECTORY]: settings.dataDirectory,
    },
    database: `the embedded database in ${settings.dataDirectory}`,
    failed: database.closed.then(() => new Promise<never>(() => {})),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** A generated secret belongs to this machine, so other machines may refuse its tokens. */
function reportOwnSecret(
  { path, created }: PreparedSecret,
  mongodbUri: string | undefined,
  logger: Logger,
): void {
  if (path === undefined) return;
  if (mongodbUri !== undefined) {
    logger.warn(
      { path },
      'JWT_SECRET is not set: other processes on the database of MONGODB_URI refuse the tokens of this one, ' +
        'unless they have the same DATA_DIR',
    );
  } else if (created) {
    // On a first start this is the normal case, so it is no warning.
    logger.info({ path }, 'made a signing secret for this machine, since JWT_SECRET is not set');
  }
}
