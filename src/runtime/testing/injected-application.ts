/**
 * An application that runs in this process and on this thread, without a socket, for its tests. A request
 * goes the way of a real one: the core parses its bytes, a turn runs the pipeline, and the response is
 * encoded into a ring. main-side.ts stands in for the main thread.
 *
 *     await using app = await openInjected(import.meta.resolve('./app.ts'));
 *     const answer = await app.inject({ method: 'POST', target: '/notes', body: { title: 'milk' } });
 */
import { defaultSettings } from '../../platform/settings/settings.ts';
import { createCore } from '../core/create-core.ts';
import {
  type ApplicationModule,
  compileRoutes,
  loadApplication,
  type WorkerPool,
} from '../http/application.ts';
import { RUNTIME_SETTINGS, type RuntimeSettings } from '../settings.ts';
import { WorkerContext } from '../worker/context.ts';
import { BELL, type WorkerStart } from '../worker/messages.ts';
import { RequestWorker } from '../worker/request-worker.ts';
import { type InjectedRequest, send } from './injected-request.ts';
import { type InjectedResponse, type InjectedStream, streamOf, wholeOf } from './injected-response.ts';
import { MAX_CONNECTIONS, MainSide, SLOT } from './main-side.ts';

/** The settings of the server that count here. Their defaults are the server's. */
type InjectedSettings = Pick<
  RuntimeSettings,
  | 'core'
  | 'maxHeaderBytes'
  | 'maxTargetBytes'
  | 'maxBodyBytes'
  | 'trustedProxies'
  | 'handlerTimeoutMs'
  | 'drainTimeoutMs'
>;

export interface InjectionOptions extends Partial<InjectedSettings> {
  /** The most bytes of a response that is read as a whole. Default 16 MB. */
  readonly maxResponseBytes?: number;
  /** The IP address of the peer, for `request.remoteAddress`. Default 127.0.0.1. */
  readonly remoteAddress?: string;
}

/** A module, or its absolute path or file URL. */
export type InjectableApplication = ApplicationModule | string | URL;

const DEFAULTS = defaultSettings(RUNTIME_SETTINGS);
const MAX_RESPONSE_BYTES = 16 * 1_048_576;
/** For the request line, and for the framing of chunks. */
const FRAMING_BYTES = 65_536;
const MAX_ERRORS = 100;

const POOL: WorkerPool = {
  size: 1,
  serving: 1,
  isFilling: false,
  leads: true,
  isStopping: false,
  cutOffRoutes: [],
};

/** Answers one request with an application that is started before and stopped after it. */
export async function inject(
  application: InjectableApplication,
  request: InjectedRequest,
  options?: InjectionOptions,
): Promise<InjectedResponse> {
  await using opened = await openInjected(application, options);
  return await opened.inject(request);
}

/**
 * Runs `routes`, `start` and `prepare` of the application, in this order. Disposing runs `stop`.
 * @throws ApplicationError, RouterError, and what the application throws
 */
export async function openInjected(
  application: InjectableApplication,
  options: InjectionOptions = {},
): Promise<InjectedApplication> {
  const isPath = typeof application === 'string' || application instanceof URL;
  const module = isPath ? await loadApplication(application) : application;
  const opened = new InjectedApplication(module, options);
  try {
    await module.start?.(POOL);
    await module.prepare?.();
  } catch (error) {
    await module.stop?.();
    throw error;
  }
  return opened;
}

export class InjectedApplication implements AsyncDisposable {
  /** What went wrong in handlers, the oldest 100: their clients only got 500. */
  readonly errors: unknown[] = [];
  readonly #application: ApplicationModule;
  readonly #options: InjectionOptions;
  readonly #settings: InjectedSettings;
  readonly #main: MainSide;
  readonly #worker: RequestWorker;
  readonly #drained = Promise.withResolvers<void>();
  #isClosed = false;

  /** Use `openInjected`, which starts the application. */
  constructor(application: ApplicationModule, options: InjectionOptions) {
    this.#application = application;
    this.#options = options;
    this.#settings = { ...DEFAULTS, ...options };
    const { maxHeaderBytes, maxTargetBytes, maxBodyBytes } = this.#settings;
    this.#main = new MainSide(maxHeaderBytes + maxTargetBytes + maxBodyBytes + FRAMING_BYTES);
    this.#worker = this.#createWorker();
    this.#main.serveWith(this.#worker);
    this.#worker.start();
  }

  /**
   * @returns the whole response
   * @throws Error if it is cut off or longer than maxResponseBytes, or if 64 requests are in process
   */
  async inject(request: InjectedRequest): Promise<InjectedResponse> {
    const { maxResponseBytes = MAX_RESPONSE_BYTES } = this.#options;
    return await wholeOf(await this.#send(request), maxResponseBytes);
  }

  /** The same for a response that is read as it comes: a stream, or events. It must be read, or left. */
  async stream(request: InjectedRequest): Promise<InjectedStream> {
    return streamOf(await this.#send(request));
  }

  /**
   * Ends all connections, waits for the handlers, and stops the application. A handler that ignores
   * `request.signal` is given up after DRAIN_TIMEOUT_MS.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#main.disconnect();
    this.#worker.drain();
    const patience = setTimeout(() => {
      this.#worker.forgetLateHandlers();
      this.#drained.resolve();
    }, this.#settings.drainTimeoutMs);
    await this.#drained.promise;
    clearTimeout(patience);
    await this.#application.stop?.();
  }

  async #send(request: InjectedRequest) {
    if (this.#isClosed) throw new Error('The injected application is closed');
    return await send(request, this.#main.connect(this.#options.remoteAddress ?? '127.0.0.1'));
  }

  #createWorker(): RequestWorker {
    const { shared } = this.#main;
    const start = this.#workerStart();
    const reportError = (error: unknown) => {
      if (this.errors.length < MAX_ERRORS) this.errors.push(error);
    };
    const pipeline = compileRoutes(this.#application, reportError);
    const core = createCore(start.core, {
      memory: shared.memory,
      regionAddress: shared.layout.coreAddress,
      regionBytes: shared.layout.coreBytes,
      limits: start.limits,
    });
    core.loadRoutes(pipeline.routes);
    return new RequestWorker({
      context: new WorkerContext(start, (message) => {
        if (message === BELL) this.#main.onBell();
        else if (message.type === 'body-wanted' || message.type === 'body-ended')
          this.#main.onUpload(message);
      }),
      core,
      pipeline,
      onError: reportError,
      onExhausted: () => undefined,
      onDrained: () => this.#drained.resolve(),
    });
  }

  #workerStart(): WorkerStart {
    const { shared } = this.#main;
    const { core, maxHeaderBytes, maxTargetBytes, maxBodyBytes, handlerTimeoutMs, drainTimeoutMs } =
      this.#settings;
    return {
      memory: shared.memory,
      layout: shared.layout,
      slot: SLOT,
      runtimeDigest: '',
      core,
      limits: { maxHeaderBytes, maxTargetBytes, maxBodyBytes },
      application: '',
      maxInFlight: MAX_CONNECTIONS,
      trustedProxies: this.#settings.trustedProxies,
      outboundMemoryMb: DEFAULTS.outboundMemoryMb,
      handlerTimeoutMs,
      drainTimeoutMs,
      nice: 0,
      logLevel: 'silent',
      serverTiming: false,
    };
  }
}
