/** CloudVM inside the test's process, on a database of its own, assembled like src/cloudvm/application.ts. */
import { randomBytes } from 'node:crypto';
import { requestsByClient } from '../../../../src/cloudvm/accounts/rate-limit/requests-by-client.ts';
import { Tokens } from '../../../../src/cloudvm/accounts/tokens/tokens.ts';
import { Api } from '../../../../src/cloudvm/api.ts';
import { type Providers, simulatedProviders } from '../../../../src/cloudvm/providers/provider-registry.ts';
import { registerRoutes } from '../../../../src/cloudvm/routes.ts';
import { prepareServices, Services } from '../../../../src/cloudvm/services.ts';
import type { ThrottleReason } from '../../../../src/cloudvm/throttling.ts';
import type { Logger } from '../../../../src/platform/log.ts';
import { type DatabaseServer, startEmbeddedDatabase } from '../../../support/databases.ts';
import { assertDocumented } from './documented-answers.ts';
import { InProcess } from './in-process.ts';

export const SECRET = 'a secret for tests that is long enough';
export const PASSWORD = 'correct horse battery';

/** Tests with an unreachable database should not wait long. */
const SERVER_SELECTION_TIMEOUT_MS = 1_000;

const SILENT = { info: () => undefined, warn: () => undefined };

export interface CloudVmOptions {
  /** Of each operation. */
  readonly simulatedDelayMs?: number;
  /** Instead of the simulated ones. */
  readonly providers?: Providers;
  readonly tokenTtlSeconds?: number;
  readonly maxRegistrationsPerHour?: number;
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
  readonly maxVmsPerUser?: number;
  readonly maxIdempotencyKeysPerUser?: number;
  readonly rateLimitPerMinute?: number;
}

export class CloudVm implements AsyncDisposable {
  readonly services: Services;
  readonly http: InProcess;
  /** The messages to the operator. */
  readonly backgroundErrors: readonly unknown[];
  /** The ids of the requests that have led to them. */
  readonly backgroundRequests: readonly unknown[];
  readonly #server: DatabaseServer;
  readonly #resources: AsyncDisposableStack;
  /** The bounds that have refused a request, in order. */
  readonly throttled: ThrottleReason[] = [];
  readonly #countThrottled = (reason: ThrottleReason) => {
    this.throttled.push(reason);
  };

  static async open(options: CloudVmOptions = {}): Promise<CloudVm> {
    await using resources = new AsyncDisposableStack();
    const server = resources.use(await startEmbeddedDatabase());
    const { uri } = server;
    const databaseName = `cloudvm_test_${randomBytes(6).toString('hex')}`;
    const errors: unknown[] = [];
    const requests: unknown[] = [];
    const services = resources.use(
      await Services.open({
        uri,
        databaseName,
        workers: 8,
        ...(options.maxVmsPerUser !== undefined && { maxVmsPerUser: options.maxVmsPerUser }),
        ...(options.maxIdempotencyKeysPerUser !== undefined && {
          maxIdempotencyKeysPerUser: options.maxIdempotencyKeysPerUser,
        }),
        serverSelectionTimeoutMs: SERVER_SELECTION_TIMEOUT_MS,
        secrets: [SECRET],
        logger: options.logger ?? SILENT,
        maxRegistrationsPerHour: options.maxRegistrationsPerHour ?? 10_000,
        tokens: new Tokens({ secrets: [SECRET], ttlSeconds: options.tokenTtlSeconds ?? 3600 }),
        openProviders: async () =>
          options.providers ??
          simulatedProviders({ delayMs: options.simulatedDelayMs ?? 10, failureRate: 0 }),
        onError: (error, identity) => {
          errors.push(error);
          requests.push(identity?.requestId);
        },
      }),
    );
    await prepareServices(services.database);
    return new CloudVm(server, services, { errors, requests }, resources.move(), options);
  }

  private constructor(
    server: DatabaseServer,
    services: Services,
    { errors, requests }: { readonly errors: unknown[]; readonly requests: readonly unknown[] },
    resources: AsyncDisposableStack,
    { rateLimitPerMinute: perMinute, logger = SILENT }: CloudVmOptions,
  ) {
    this.#server = server;
    this.services = services;
    this.#resources = resources;
    const api = Promise.resolve(new Api(services));
    const tokens = () => services.accounts.tokens;
    const rateLimit =
      perMinute === undefined
        ? undefined
        : requestsByClient({ perMinute, tokens, logger, onThrottled: this.#countThrottled });
    this.http = new InProcess((router) => {
      registerRoutes(router, {
        corsOrigins: [],
        rateLimit,
        tokens,
        api: { open: () => api },
        readiness: { workers: { serving: 1, size: 1 }, cutOffRoutes: [], check: async () => undefined },
        onDatabaseTrouble: (error) => errors.push(error),
        onThrottled: this.#countThrottled,
      });
    }, assertDocumented);
    this.backgroundErrors = errors;
    this.backgroundRequests = requests;
  }

  /** @returns the token of a user made for this call */
  async register(
    username = `u${randomBytes(6).toString('hex')}`,
    email = `${username}@example.com`,
  ): Promise<string> {
    const body = { email, username, password: PASSWORD };
    const answer = await this.http.ask('POST', '/api/auth/register', { body });
    if (answer.status !== 201) throw new Error(`registering was answered with ${answer.text}`);
    return String(answer.json['token']);
  }

  async stopDatabase(): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}
