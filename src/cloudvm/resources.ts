/**
 * What the CloudVM application needs of the process before any worker starts: a database and a signing secret.
 * Opened by the main thread, handed to the workers through their environment, closed after they have ended.
 */

import type { Config } from '../config.ts';
import { EmbeddedDatabase } from '../embedded-mongodb/index.ts';
import type { RuntimeLogger } from '../runtime/server/runtime-logger.ts';
import { shareHashingSlots } from './accounts/passwords/hashing-slots.ts';
import { prepareSecret } from './accounts/tokens/secret.ts';

export interface CloudVmResources extends AsyncDisposable {
  /** For the workers' environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Which database, in words for the operator; never with credentials. */
  readonly database: string;
  /** Rejects when the embedded database ends although nobody asked it to. */
  readonly failed: Promise<never>;
}

/** @throws SecretError, EmbeddedDatabaseError */
export async function openCloudVmResources(config: Config, logger: RuntimeLogger): Promise<CloudVmResources> {
  const secret = await prepareSecret(config);
  if (secret.created) {
    logger.warn(
      { path: secret.path },
      'JWT_SECRET is not set: a secret was made for this machine, and tokens are valid nowhere else',
    );
  }
  shareHashingSlots();
  const { mongodbUri } = config;
  if (mongodbUri !== undefined) {
    return {
      environment: {},
      database: `MongoDB at ${hostsOf(mongodbUri)}`,
      failed: new Promise(() => {}),
      async [Symbol.asyncDispose]() {},
    };
  }
  const database = await EmbeddedDatabase.start({
    dataDirectory: config.dataDirectory,
    onLog: ({ level, message, details }) => logger[level](details, message),
  });
  return {
    environment: { MONGODB_URI: database.uri },
    database: `the embedded database in ${config.dataDirectory}`,
    failed: database.closed.then(() => new Promise<never>(() => {})),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** The hosts of a connection string, without user and password. */
function hostsOf(uri: string): string {
  const authority = uri.replace(/^[^:]+:\/\//, '').split(/[/?]/, 1)[0] ?? '';
  return authority.slice(authority.lastIndexOf('@') + 1);
}
