/**
 * A worker of the server without threads and sockets, whose turns are timed. The memory, the turn, the
 * pipeline and the ring are those of the server. main-side.ts stands in for the main thread, outside the
 * time.
 */
import { defaultSettings } from '../../../src/platform/settings/settings.ts';
import type { Core, CoreOptions } from '../../../src/runtime/core/core.ts';
import { compileRoutes } from '../../../src/runtime/http/application.ts';
import type { Pipeline } from '../../../src/runtime/http/pipeline.ts';
import { RUNTIME_SETTINGS } from '../../../src/runtime/settings.ts';
import type { InjectedConnection } from '../../../src/runtime/testing/injected-connection.ts';
import { MAX_CONNECTIONS, MainSide, SLOT } from '../../../src/runtime/testing/main-side.ts';
import { WorkerContext } from '../../../src/runtime/worker/context.ts';
import { BELL, type WorkerStart } from '../../../src/runtime/worker/messages.ts';
import { RequestWorker } from '../../../src/runtime/worker/request-worker.ts';
import * as application from '../../peers/plain/this-server.ts';

const SETTINGS = defaultSettings(RUNTIME_SETTINGS);
const BUFFER_BYTES = 65_536;

export class TimedWorker {
  readonly core: Core;
  readonly worker: RequestWorker;
  readonly pipeline: Pipeline;
  /** The shared memory as the worker sees it. */
  readonly bytes: Buffer;
  readonly #main = new MainSide(BUFFER_BYTES);
  readonly #connection: InjectedConnection;
  #nanoseconds = 0;

  /** @param makeCore of this worker alone */
  constructor(makeCore: (options: CoreOptions) => Core) {
    const { shared } = this.#main;
    const { maxHeaderBytes, maxTargetBytes, maxBodyBytes } = SETTINGS;
    const limits = { maxHeaderBytes, maxTargetBytes, maxBodyBytes };
    this.bytes = shared.bytes;
    this.pipeline = compileRoutes(application, raise);
    this.core = makeCore({
      memory: shared.memory,
      regionAddress: shared.layout.coreAddress,
      regionBytes: shared.layout.coreBytes,
      limits,
    });
    this.core.loadRoutes(this.pipeline.routes);
    const start: WorkerStart = {
      ...SETTINGS,
      memory: shared.memory,
      layout: shared.layout,
      slot: SLOT,
      runtimeDigest: '',
      limits,
      application: '',
      maxInFlight: MAX_CONNECTIONS,
      nice: 0,
      logLevel: 'silent',
      serverTiming: false,
    };
    this.worker = new RequestWorker({
      context: new WorkerContext(start, (message) => {
        if (message === BELL) this.#main.onBell();
      }),
      core: this.core,
      pipeline: this.pipeline,
      onError: raise,
      onExhausted: () => undefined,
      onDrained: () => undefined,
    });
    this.#main.serveWith(this.#timed());
    this.worker.start();
    this.#connection = this.#main.connect('127.0.0.1');
  }

  /** The client sends the bytes. @returns the answer, once it has that many bytes, or more */
  async answerTo(bytes: Uint8Array, answerBytes: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const pieces: Buffer[] = [];
    let received = 0;
    const receive = (piece: Buffer): void => {
      pieces.push(piece);
      received += piece.length;
      if (received >= answerBytes) resolve(Buffer.concat(pieces).toString('latin1'));
    };
    this.#connection.on('data', receive);
    this.#connection.write(bytes);
    const answer = await promise;
    this.#connection.off('data', receive);
    return answer;
  }

  /** @returns nanoseconds of so many turns, each of them timed alone */
  async timeTurns(bytes: Uint8Array, answerBytes: number, turns: number): Promise<number> {
    this.#nanoseconds = 0;
    for (let turn = 0; turn < turns; turn++) await this.answerTo(bytes, answerBytes);
    return this.#nanoseconds;
  }

  #timed() {
    const { worker } = this;
    return {
      serveAssigned: (connection: number) => {
        const start = process.hrtime.bigint();
        worker.serveAssigned(connection);
        this.#nanoseconds += Number(process.hrtime.bigint() - start);
      },
      onBell: () => worker.onBell(),
      onAbort: () => undefined,
      onHalfClosed: () => undefined,
      onUpload: () => undefined,
    };
  }
}

function raise(error: unknown): never {
  throw error;
}
