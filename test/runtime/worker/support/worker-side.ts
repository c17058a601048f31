/** Makes the parts of a worker on the shared memory of a stand-in main thread. */

import type { Core } from '../../../../src/runtime/core/core.ts';
import { createCore } from '../../../../src/runtime/core/create-core.ts';
import type { Pipeline } from '../../../../src/runtime/http/pipeline.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';
import { WorkerContext } from '../../../../src/runtime/worker/context.ts';
import type { ToMain, WorkerStart } from '../../../../src/runtime/worker/messages.ts';
import { type MainSide, SLOT } from './main-side.ts';

const LIMITS = { maxHeaderBytes: 16_384, maxTargetBytes: 8_192, maxBodyBytes: 1_048_576 };

export interface WorkerSide {
  readonly context: WorkerContext;
  readonly core: Core;
  readonly pipeline: Pipeline;
  /** Errors of handlers. */
  readonly errors: unknown[];
  /** The messages of the worker to main. */
  readonly posted: ToMain[];
}

export type Routes = (router: Router) => void;

export function createWorkerSide(
  main: MainSide,
  routes: Routes = () => undefined,
  settings: Partial<WorkerStart> = {},
): WorkerSide {
  const posted: ToMain[] = [];
  const context = createContext(main, (message) => posted.push(message), settings);
  const { layout, memory } = main.shared;
  const core = createCore(coreOfTests(), {
    memory,
    regionAddress: layout.coreAddress + SLOT * layout.coreBytes,
    regionBytes: layout.coreBytes,
    limits: LIMITS,
  });
  const router = new Router();
  routes(router);
  const errors: unknown[] = [];
  const pipeline = router.compile((error) => errors.push(error));
  core.loadRoutes(pipeline.routes);
  return { context, core, pipeline, errors, posted };
}

export function createContext(
  main: MainSide,
  post: (message: ToMain) => void = () => undefined,
  settings: Partial<WorkerStart> = {},
): WorkerContext {
  const { layout, memory } = main.shared;
  const start: WorkerStart = {
    memory,
    layout,
    slot: SLOT,
    runtimeDigest: '',
    core: coreOfTests(),
    limits: LIMITS,
    application: 'file:///none',
    maxInFlight: 4,
    trustedProxies: [],
    outboundMemoryMb: 1,
    handlerTimeoutMs: 1_000,
    drainTimeoutMs: 1_000,
    nice: 0,
    logLevel: 'silent',
    serverTiming: false,
    ...settings,
  };
  return new WorkerContext(start, post);
}

function coreOfTests(): WorkerStart['core'] {
  const kind = process.env['CORE'];
  return kind === 'js' || kind === 'verify' ? kind : 'wasm';
}
