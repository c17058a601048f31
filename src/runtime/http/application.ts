/**
 * The application module that the runtime serves. The runtime knows nothing else of the application. The
 * setting APP names its path. Each worker loads it, and one of them calls `prepare`.
 */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApplicationError } from './application-errors.ts';
import type { Pipeline } from './pipeline.ts';
import type { ErrorListener } from './routing/handler.ts';
import { Router } from './routing/router.ts';

/** The workers that serve the application, as each of them sees it. */
export interface WorkerPool {
  /** How many there are when all is well. */
  readonly size: number;
  /** How many take requests at this moment. */
  readonly serving: number;
  /** The server has started, but not all of its workers. */
  readonly isFilling: boolean;
  /**
   * This worker is the one that light requests prefer. At most one is at any time, and when it ends, another
   * one is. Work in the background that no request asks for belongs there.
   */
  readonly leads: boolean;
  /** The process was asked to stop, and serves on for SHUTDOWN_DELAY_MS. */
  readonly isStopping: boolean;
  /**
   * The routes that get 503 for a while, since they have ended their workers again and again: `GET /path`.
   */
  readonly cutOffRoutes: readonly string[];
}

/** The named exports of an application module. */
export interface ApplicationModule {
  /** In each worker, before it serves: registers routes and middleware. */
  routes(router: Router): void;
  /**
   * Once for the process, in the first worker, when it has started and none serves yet. The other workers
   * start later. The place to make indexes.
   */
  prepare?(): void | Promise<void>;
  /** Once for each worker, before it serves. The place to connect to a database. */
  start?(pool: WorkerPool): void | Promise<void>;
  /** Once for each worker that started, when it has served its last request. */
  stop?(): void | Promise<void>;
}

const OPTIONAL_EXPORTS = ['prepare', 'start', 'stop'] as const;

/**
 * @param path absolute, or a file URL
 * @throws ApplicationError if there is no such module or it is no application
 */
export async function loadApplication(path: string | URL): Promise<ApplicationModule> {
  const url = moduleUrl(path);
  let module: Record<string, unknown>;
  try {
    module = await import(url.href);
  } catch (cause) {
    throw new ApplicationError(
      'ERR_APPLICATION_LOAD',
      `Cannot load the application ${url.href}: ${describeFailure(cause)}`,
      { cause },
    );
  }
  assertApplication(module, url);
  return module;
}

/** Lets the application register its routes and freezes them. */
export function compileRoutes(application: ApplicationModule, onError: ErrorListener): Pipeline {
  const router = new Router();
  const result: unknown = application.routes(router);
  if (result instanceof Promise) {
    throw new ApplicationError(
      'ERR_APPLICATION_SHAPE',
      'routes() of the application must be synchronous. What must be awaited belongs in start()',
    );
  }
  return router.compile(onError);
}

function moduleUrl(path: string | URL): URL {
  if (path instanceof URL) return path;
  if (path.startsWith('file:')) return new URL(path);
  if (isAbsolute(path)) return pathToFileURL(path);
  throw new ApplicationError(
    'ERR_APPLICATION_LOAD',
    `The application's path must be absolute or a file URL, not "${path}"`,
  );
}

function assertApplication(
  module: Record<string, unknown>,
  url: URL,
): asserts module is Record<string, unknown> & ApplicationModule {
  const { routes } = module;
  if (typeof routes !== 'function') {
    throw new ApplicationError(
      'ERR_APPLICATION_SHAPE',
      `The application ${url.href} must export a function routes(router)`,
    );
  }
  for (const name of OPTIONAL_EXPORTS) {
    if (module[name] !== undefined && typeof module[name] !== 'function') {
      throw new ApplicationError(
        'ERR_APPLICATION_SHAPE',
        `The export ${name} of the application ${url.href} must be a function`,
      );
    }
  }
}

/**
 * The error of a module that cannot be loaded, and its place. Its file may be any that the application
 * imports.
 */
function describeFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const place = placeOf(cause);
  return place === undefined ? cause.message : `${cause.message}\n  at ${place}`;
}

/**
 * The file and line of an error. If the type stripper refuses a file, the stack begins with the place.
 * Otherwise the place is the first frame that is not Node's own.
 */
function placeOf({ stack = '' }: Error): string | undefined {
  const [firstLine = ''] = stack.split('\n', 1);
  if (/^(file:|\/).*:\d+$/.test(firstLine)) return firstLine;
  return /^ {4}at (?:.* \()?((?:file:|\/)[^)]*:\d+:\d+)\)?$/m.exec(stack)?.[1];
}
