import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Ending } from '../../../../src/runtime/worker/ending/ending.ts';
import type { ToMain } from '../../../../src/runtime/worker/messages.ts';

const DRAIN_MS = 1_000;
const HANDLER_MS = 4_000;

interface StageOptions {
  /** false: the application is still being loaded. */
  readonly isLoaded?: boolean;
  readonly areDeadlinesSuspended?: () => boolean;
  readonly stopApplication?: () => void | Promise<void>;
}

/** Everything that happened, in order. */
function stage({
  isLoaded = true,
  areDeadlinesSuspended = () => false,
  stopApplication = () => undefined,
}: StageOptions = {}) {
  const events: string[] = [];
  const note = (event: string) => () => void events.push(event);
  const worker = {
    drain: note('drain'),
    endStreams: note('end streams'),
    forgetLateHandlers: note('forget late handlers'),
    get areDeadlinesSuspended() {
      return areDeadlinesSuspended();
    },
  };
  const ending = new Ending({
    drainTimeoutMs: DRAIN_MS,
    handlerTimeoutMs: HANDLER_MS,
    post: (message) => events.push(describeMessage(message)),
    logger: { error: (_details, message) => void events.push(`log: ${message}`) },
    worker: () => (isLoaded ? worker : null),
    stopApplication: () => {
      events.push('stop application');
      return stopApplication();
    },
    exit: (code) => events.push(`exit ${code}`),
  });
  return { ending, events };
}

function describeMessage(message: ToMain): string {
  if (typeof message === 'number') return 'bell';
  return 'message' in message ? `${message.type}: ${message.message}` : message.type;
}

const never = () => new Promise<void>(() => {});

describe('Ending', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a worker drains, then stops the application, then exits', async () => {
    const { ending, events } = stage();
    ending.drain();
    expect(events).toEqual(['drain']);
    ending.drained();
    await Promise.resolve();
    expect(events).toEqual(['drain', 'stop application', 'exit 0']);
  });

  test('a worker ends once, however often it is asked to', async () => {
    const { ending, events } = stage({ stopApplication: never });
    ending.drain();
    ending.drain();
    ending.drained();
    ending.drained();
    ending.drain();
    expect(events).toEqual(['drain', 'stop application']);
  });

  test('a worker waits for endless streams and late handlers only until the drain timeout', () => {
    const { ending, events } = stage();
    ending.drain();
    vi.advanceTimersByTime(DRAIN_MS - 1);
    expect(events).toEqual(['drain']);
    vi.advanceTimersByTime(1);
    expect(events).toEqual(['drain', 'end streams', 'forget late handlers']);
  });

  test('a worker whose drain does not end exits once all handlers must be over', async () => {
    const { ending, events } = stage();
    ending.drain();
    await vi.advanceTimersByTimeAsync(DRAIN_MS + HANDLER_MS);
    expect(events).not.toContain('stop application');
    await vi.advanceTimersByTimeAsync(HANDLER_MS / 4);
    expect(events.slice(-2)).toEqual(['stop application', 'exit 1']);
  });

  test('a worker whose drain does not end waits for its handlers while a debugger is attached', async () => {
    let isAttached = true;
    const { ending, events } = stage({ areDeadlinesSuspended: () => isAttached });
    ending.drain();
    await vi.advanceTimersByTimeAsync(10 * (DRAIN_MS + HANDLER_MS));
    expect(events).not.toContain('stop application');
    isAttached = false;
    await vi.advanceTimersByTimeAsync(DRAIN_MS + 1.25 * HANDLER_MS);
    expect(events).toContain('stop application');
  });

  test('a worker whose application does not stop exits anyway', async () => {
    const { ending, events } = stage({ stopApplication: never });
    ending.drained();
    await vi.advanceTimersByTimeAsync(DRAIN_MS);
    expect(events).toEqual(['stop application', 'exit 1']);
  });

  test('the exit code says that the application failed to stop', async () => {
    const { ending, events } = stage({ stopApplication: () => Promise.reject(new Error('broken')) });
    ending.drained();
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toEqual([
      'stop application',
      'log: The application could not be stopped in order',
      'exit 1',
    ]);
  });

  test('a worker that is told to drain before its application is loaded exits at once', async () => {
    const { ending, events } = stage({ isLoaded: false });
    ending.drain();
    await Promise.resolve();
    expect(events).toEqual(['stop application', 'exit 0']);
  });

  test('a worker that cannot start reports to main, stops the application and exits', async () => {
    const { ending, events } = stage();
    ending.fail(new Error('no database'));
    await Promise.resolve();
    expect(events).toEqual(['failed: no database', 'stop application', 'exit 1']);
  });

  test('an error outside any request is reported to main, and the worker serves on until it is told to drain', () => {
    const { ending, events } = stage();
    ending.failOutsideRequest(new Error('lost'));
    expect(events).toEqual(['failing: lost']);
    ending.drain();
    expect(events).toEqual(['failing: lost', 'drain']);
  });

  test('too many handlers that never settle are reported to main once, after an error too', () => {
    const { ending, events } = stage();
    ending.failOutsideRequest(new Error('lost'));
    ending.exhausted();
    ending.exhausted();
    expect(events).toEqual(['failing: lost', 'failing: Too many handlers never settle']);
  });

  test('a second error is logged and not reported to main', () => {
    const { ending, events } = stage();
    ending.failOutsideRequest(new Error('first'));
    ending.failOutsideRequest('not even an error');
    expect(events).toEqual([
      'failing: first',
      'log: An error was thrown outside a request while the worker is replaced',
    ]);
  });

  test('an error before the application is loaded is a failed start', async () => {
    const { ending, events } = stage({ isLoaded: false });
    ending.failOutsideRequest('a string');
    await Promise.resolve();
    expect(events).toEqual(['failed: a string', 'stop application', 'exit 1']);
  });
});
