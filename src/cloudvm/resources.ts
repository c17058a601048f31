/**
 * The resources that the CloudVM application needs before any worker starts: a database and a signing secret.
 * The main thread opens them, hands them to the workers through their environment, and closes them after the
 * workers have ended.
 */

import { EmbeddedDatabase } from '../embedded-mongodb/index.ts';
import { otherWritersOf } from '../platform/data-directory.ts';
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

export class DataDirectoryError extends Error {
  readonly code = 'DATA_DIRECTORY_OPEN';
  override readonly name = 'DataDirectoryError';

  constructor(path: string) {
    super(
      `everybody on this machine may write to ${path}, and so replace the database and the signing secret; ` +
        'use chmod o-w, or set DATA_DIR to another directory',
    );
  }
}

/** @throws DataDirectoryError, SecretError, EmbeddedDatabaseError */
export async function openCloudVmResources(
  settings: CloudVmSettings,
  logger: Logger,
): Promise<CloudVmResources> {
  const { mongodbUri } = settings;
  if (mongodbUri === undefined || settings.jwtSecrets.length === 0) {
    requirePrivate(settings.dataDirectory, logger);
  }
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

/** @throws DataDirectoryError */
function requirePrivate(dataDirectory: string, logger: Logger): void {
  const writers = otherWritersOf(dataDirectory);
  if (writers === 'everybody') throw new DataDirectoryError(dataDirectory);
  if (writers === 'group') {
    logger.warn(
      { path: dataDirectory },
      'the group of DATA_DIR may write to it, so its members can sign tokens and replace the database',
    );
  }
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
