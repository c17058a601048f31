import { expect, test } from 'vitest';
import { AtomicFlag } from '../../../../src/runtime/memory/synchronization/atomic-flag.ts';
import { SILENT_LOGGER } from '../../../../src/runtime/server/runtime-logger.ts';
import { HandlerDeadlines } from '../../../../src/runtime/server/workers/handler-deadlines.ts';

test('deadlines are suspended while a debugger is attached, and the log reports the beginning and the end once', () => {
  const suspended = new AtomicFlag(new Int32Array(new SharedArrayBuffer(4)), 0);
  const lines: string[] = [];
  let isInspectorOpen = false;
  const deadlines = new HandlerDeadlines({
    suspended,
    logger: {
      ...SILENT_LOGGER,
      info: (_details, message) => lines.push(`info: ${message}`),
      warn: (_details, message) => lines.push(`warn: ${message}`),
    },
    isInspectorOpen: () => isInspectorOpen,
  });
  const look = () => [deadlines.areSuspended(), suspended.isSet()];
  expect([look(), look()]).toEqual([Array(2).fill(false), Array(2).fill(false)]);
  isInspectorOpen = true;
  expect([look(), look()]).toEqual([Array(2).fill(true), Array(2).fill(true)]);
  isInspectorOpen = false;
  expect([look(), look()]).toEqual([Array(2).fill(false), Array(2).fill(false)]);
  expect(lines).toEqual([
    'warn: Deadlines of handlers are suspended: the process is open to a debugger',
    'info: Deadlines of handlers count again: the process is closed to debuggers',
  ]);
});
