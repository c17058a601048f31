/** The steps after a worker's end, in order, on real shared memory with workers that the test plays. */

import { describe, expect, test } from 'vitest';
import { stateOf } from '../../../../src/runtime/memory/connections/state-word.ts';
import { openParkedWorkers } from '../../../../src/runtime/memory/open.ts';
import {
  claimOf,
  NO_CONNECTION,
  REQUEST_CLOSE,
  REQUEST_HEAD,
  REQUEST_SAFE,
  STATE_READY,
  STATE_RUNNING,
} from '../../../../src/runtime/memory/protocol.ts';
import { SILENT_LOGGER } from '../../../../src/runtime/server/runtime-logger.ts';
import { DIED, STUCK } from '../../../../src/runtime/server/workers/cause-of-death.ts';
import { Recovery } from '../../../../src/runtime/server/workers/recovery.ts';
import type { WorkerHandle } from '../../../../src/runtime/server/workers/worker-handle.ts';
import { FakeWorker, Rig } from '../support/rig.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 204 No Content\r\n\r\n';
const HANDLER_TIMEOUT_MS = 30_000;

class RecoveryRig {
  readonly rig = new Rig({ connections: 4 });
  readonly parked = openParkedWorkers(this.rig.shared);
  readonly worker = new FakeWorker(this.rig, 0);
  readonly other = new FakeWorker(this.rig, 1);
  isDebugged = false;
  /** Details of lines of the log. */
  readonly errors: object[] = [];
  /** The calls of recovery other than moving connections on. */
  readonly steps: string[] = [];
  readonly recovery = new Recovery({
    ...this.rig,
    parked: this.parked,
    handlerTimeoutMs: HANDLER_TIMEOUT_MS,
    areDeadlinesSuspended: () => this.isDebugged,
    logger: { ...SILENT_LOGGER, error: (details) => this.errors.push(details) },
    living: () => [this.other as unknown as WorkerHandle],
    startGate: { onExit: (slot) => this.steps.push(`leave gate ${slot}`) },
    dispatcher: {
      drain: (worker) => {
        this.steps.push('drain');
        this.rig.drain(worker as unknown as FakeWorker);
        return true;
      },
      removeWorker: () => this.steps.push('remove'),
      ring: () => this.steps.push('ring'),
    },
  });

  /** A client whose request the worker has taken. */
  running() {
    const socket = this.rig.connect();
    socket.receive(REQUEST);
    const number = this.worker.take() ?? -1;
    return { socket, number };
  }

  exit(cause = DIED): void {
    this.recovery.afterExit(this.worker as unknown as WorkerHandle, cause);
  }

  hang(): void {
    this.recovery.afterHung(this.worker as unknown as WorkerHandle, STUCK);
  }

  stateIn(number: number): number {
    return stateOf(this.rig.table.stateWord(number));
  }
}

describe('after the exit of a worker', () => {
  test('its ring is drained before it is removed, and its slot is emptied last', () => {
    const { worker, parked, steps, ...rig } = new RecoveryRig();
    parked.park(0);
    worker.words.inFlight = 3;
    worker.words.setRingWait();
    const emptied: boolean[] = [];
    const reset = worker.words.reset.bind(worker.words);
    worker.words.reset = () => {
      steps.push('reset');
      emptied.push(worker.ring.isEmpty);
      reset();
    };
    rig.recovery.afterExit(worker as unknown as WorkerHandle, DIED);
    expect(steps).toEqual(['drain', 'remove', 'reset', 'leave gate 0', 'ring']);
    expect(emptied).toEqual([true]);
    expect(parked.isParked(0)).toBe(false);
    expect([worker.words.inFlight, worker.words.takeRingWait()]).toEqual([0, false]);
  });

  test('its published responses are sent, and only missing ones are replaced', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, 0);
    trial.worker.endTurn(number, 1, RESPONSE);
    trial.exit();
    expect(socket.taken).toBe(RESPONSE);
  });

  test('its committed responses are sent before the error of the request that killed it', () => {
    const trial = new RecoveryRig();
    const socket = trial.rig.connect();
    socket.receive(REQUEST + REQUEST);
    const number = trial.worker.take() ?? -1;
    trial.worker.commit(number, RESPONSE, REQUEST.length);
    trial.worker.begin(number, 0);
    trial.worker.words.current = number;
    trial.exit();
    expect(socket.taken.startsWith(`${RESPONSE}HTTP/1.1 500 `)).toBe(true);
    expect(socket.writableEnded, 'the connection lives on').toBe(false);
    expect(trial.worker.ring.nextSalvaged(), 'the next thread of the slot finds nothing of it').toBe(false);
  });

  test.each([
    ['500', DIED],
    ['504', STUCK],
  ])('the request that it ran synchronously is answered %s, safe or not', (status, cause) => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, REQUEST_SAFE);
    trial.worker.words.current = number;
    trial.exit(cause);
    expect(socket.taken.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect(trial.worker.words.current).toBe(NO_CONNECTION);
  });

  test('the answer to HEAD has no content, and the connection closes if the request asked for it', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, REQUEST_HEAD | REQUEST_CLOSE);
    trial.worker.words.current = number;
    trial.exit();
    expect(socket.taken).toMatch(/^HTTP\/1\.1 500 .*\r\n\r\n$/s);
    expect(socket.writableEnded).toBe(true);
  });

  test('a safe request in flight is run again once', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, REQUEST_SAFE);
    trial.exit();
    expect(socket.taken).toBe('');
    expect(trial.worker.take()).toBe(number);
    expect(trial.worker.text(number)).toBe(REQUEST);
    trial.worker.begin(number, REQUEST_SAFE);
    trial.exit();
    expect(socket.taken).toMatch(/^HTTP\/1\.1 500 /);
  });

  test('a request in flight that may have written is answered 500', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, 0);
    trial.exit();
    expect(socket.taken).toMatch(/^HTTP\/1\.1 500 /);
  });

  test('a request in flight that is past its deadline is answered 504', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, REQUEST_SAFE);
    trial.rig.table.setHandlerSince(number, trial.rig.clock.time);
    trial.rig.clock.time += HANDLER_TIMEOUT_MS + 1;
    trial.exit();
    expect(socket.taken).toMatch(/^HTTP\/1\.1 504 /);
  });

  test('a request in flight that may run again is queued again while a debugger is attached, however late', () => {
    const trial = new RecoveryRig();
    trial.isDebugged = true;
    const { number } = trial.running();
    trial.worker.begin(number, REQUEST_SAFE);
    trial.rig.table.setHandlerSince(number, trial.rig.clock.time);
    trial.rig.clock.time += HANDLER_TIMEOUT_MS + 1;
    trial.exit();
    expect(trial.stateIn(number)).toBe(STATE_READY);
  });

  test('a connection ends if a part of its response was sent', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, REQUEST_SAFE);
    trial.worker.sendPart(number, 'HTTP/1.1 200 OK\r\n');
    trial.exit();
    expect(socket.taken).toBe('HTTP/1.1 200 OK\r\n');
    expect(socket.writableEnded).toBe(true);
  });

  test('a connection whose client is gone is given back', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.worker.begin(number, 0);
    socket.close();
    trial.exit();
    expect(trial.rig.connections.count).toBe(0);
  });

  test('bytes of an incomplete request are queued again, but only a bounded number of times', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    let retakes = 0;
    trial.exit();
    for (; trial.rig.queue.length > 0; retakes++) {
      trial.worker.take();
      trial.exit();
    }
    expect(retakes).toBe(8);
    expect(socket.taken).toMatch(/^HTTP\/1\.1 500 /);
    expect(socket.writableEnded).toBe(true);
    expect(number).toBe(0);
  });

  test('connections of other workers are not changed', () => {
    const trial = new RecoveryRig();
    trial.rig.connect().receive(REQUEST);
    const number = trial.other.take() ?? -1;
    trial.exit();
    expect(trial.stateIn(number)).toBe(STATE_RUNNING);
  });
});

describe('a connection that the dead worker had not taken', () => {
  test('is queued again if the worker had been told to serve it', () => {
    const trial = new RecoveryRig();
    const { number } = trial.running();
    const connection = trial.rig.registry.byNumber(number);
    trial.rig.table.makeReady(number);
    connection?.handTo(0);
    trial.exit();
    expect(trial.other.take()).toBe(number);
  });

  test('is queued again if the worker had popped it', () => {
    const trial = new RecoveryRig();
    trial.rig.connect().receive(REQUEST);
    expect(trial.rig.queue.pop(trial.worker.words.claimWord)).toBe(0);
    trial.exit();
    expect(trial.other.take()).toBe(0);
  });

  test('is left to a living worker as long as that worker claims the same position', () => {
    const trial = new RecoveryRig();
    trial.rig.connect().receive(REQUEST);
    trial.rig.shared.words[trial.other.words.claimWord] = claimOf(trial.rig.queue.head);
    expect(trial.rig.queue.pop(trial.worker.words.claimWord)).toBe(0);
    trial.exit();
    expect(trial.rig.queue.length).toBe(0);
    trial.recovery.lookAgain();
    expect(trial.rig.queue.length).toBe(0);
    trial.other.words.clearClaim();
    trial.recovery.lookAgain();
    expect(trial.rig.queue.length).toBe(1);
    trial.recovery.lookAgain();
    expect(trial.rig.queue.length, 'and then no more').toBe(1);
  });

  test('is left in the queue if nobody has popped it', () => {
    const trial = new RecoveryRig();
    trial.rig.connect().receive(REQUEST);
    trial.exit();
    expect(trial.rig.queue.length).toBe(1);
  });
});

describe('a worker that is stuck', () => {
  test('no longer seems idle', () => {
    const trial = new RecoveryRig();
    trial.parked.park(0);
    trial.recovery.afterStuck(trial.worker as unknown as WorkerHandle);
    expect(trial.parked.isParked(0)).toBe(false);
  });

  test('and hangs has its clients answered with 504, after its published and committed responses', () => {
    const trial = new RecoveryRig();
    const [first, second] = [trial.running(), trial.running()];
    trial.worker.endTurn(first.number, 1, RESPONSE);
    trial.worker.commit(second.number, RESPONSE, 0);
    trial.hang();
    expect(first.socket.taken).toBe(RESPONSE);
    expect(second.socket.taken.startsWith(`${RESPONSE}HTTP/1.1 504 `)).toBe(true);
    expect(trial.stateIn(second.number), 'it comes back with the exit only').toBe(STATE_RUNNING);
    trial.exit(STUCK);
    second.socket.close();
    expect(trial.rig.connections.count).toBe(1);
  });

  test('and hangs has each client answered once, however often recovery runs', () => {
    const trial = new RecoveryRig();
    const { socket, number } = trial.running();
    trial.hang();
    const once = socket.taken;
    const generation = trial.rig.registry.byNumber(number)?.generation;
    trial.hang();
    expect(trial.rig.registry.byNumber(number)?.generation).toBe(generation);
    trial.exit(STUCK);
    expect(socket.taken).toBe(once);
  });

  test('and hangs has the ids of its answers in the log, once', () => {
    const trial = new RecoveryRig();
    const declared = { cors: { origins: [] }, headers: {}, identifiesRequests: true };
    trial.rig.refusalHeaders.declare(declared);
    const { socket } = trial.running();
    trial.hang();
    const [, id] = /X-Request-Id: (\S+)/.exec(socket.taken) ?? [];
    const lost = { worker: 0, requests: 1, requestIds: [id] };
    expect(trial.errors).toEqual([lost]);
    trial.exit(STUCK);
    expect(trial.errors).toEqual([lost]);
  });

  test('and hangs loses the connection that it was told to serve to another worker', () => {
    const trial = new RecoveryRig();
    const { number } = trial.running();
    trial.rig.table.makeReady(number);
    trial.rig.registry.byNumber(number)?.handTo(0);
    trial.hang();
    expect(trial.stateIn(number)).toBe(STATE_READY);
    expect(trial.other.take()).toBe(number);
  });
});
