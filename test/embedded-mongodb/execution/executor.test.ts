import { describe, expect, test } from 'vitest';
import { CommandError } from '../../../src/embedded-mongodb/command-error.ts';
import { Executor, type Transactions } from '../../../src/embedded-mongodb/execution/executor.ts';
import { Slice } from '../../../src/embedded-mongodb/execution/slice.ts';
import type { CommandSteps } from '../../../src/embedded-mongodb/execution/task.ts';

/** Records what happens, in order. Commits fail on demand. */
class Recorder implements Transactions {
  readonly events: string[] = [];
  inTransaction = false;
  failing = false;

  write(what: string): void {
    this.inTransaction = true;
    this.events.push(`write ${what}`);
  }

  commit(): void {
    if (this.failing) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
    this.inTransaction = false;
    this.events.push('commit');
  }

  rollback(): void {
    this.inTransaction = false;
    this.events.push('rollback');
  }

  submitTo(executor: Executor, name: string, steps: CommandSteps, cancelled = false): void {
    executor.submit({
      steps,
      slice: new Slice(),
      cancelled: () => cancelled,
      complete: (reply) => this.events.push(`reply ${name} ${Buffer.from(reply)}`),
      fail: (error) =>
        this.events.push(`fail ${name} ${error instanceof CommandError ? error.codeName : error}`),
    });
  }
}

function* writing(recorder: Recorder, name: string, turns = 1): CommandSteps {
  for (let turn = 1; turn <= turns; turn += 1) {
    if (turn > 1) yield;
    recorder.write(`${name}${turn}`);
  }
  return Buffer.from('done');
}

describe('commands of one turn of the event loop', () => {
  test('share one commit, and their replies follow it', async () => {
    const recorder = new Recorder();
    const executor = new Executor(recorder, () => recorder.events.push('reload'));
    recorder.submitTo(executor, 'a', writing(recorder, 'a'));
    recorder.submitTo(executor, 'b', writing(recorder, 'b'));
    await executor.idle();
    expect(recorder.events).toEqual(['write a1', 'write b1', 'commit', 'reply a done', 'reply b done']);
  });

  test('give way to other commands after their slice', async () => {
    const recorder = new Recorder();
    const executor = new Executor(recorder, () => {});
    recorder.submitTo(executor, 'long', writing(recorder, 'long', 3));
    recorder.submitTo(executor, 'short', writing(recorder, 'short'));
    await executor.idle();
    const { events } = recorder;
    expect(events.indexOf('reply short done')).toBeLessThan(events.indexOf('write long2'));
    expect(events.at(-1)).toBe('reply long done');
  });

  test('wait for one slice of one long command, however many long commands there are', async () => {
    const recorder = new Recorder();
    const executor = new Executor(recorder, () => {});
    const turns = 4;
    for (const name of ['x', 'y', 'z']) recorder.submitTo(executor, name, writing(recorder, name, turns));
    // All three have had their first slice and are resting now.
    await new Promise((resolve) => setImmediate(resolve));
    recorder.submitTo(executor, 'short', writing(recorder, 'short'));
    await executor.idle();
    const writes = recorder.events.filter((event) => event.startsWith('write'));
    expect(writes).toEqual(
      ['x1', 'y1', 'z1', 'short1', 'x2', 'y2', 'z2', 'x3', 'y3', 'z3', 'x4', 'y4', 'z4'].map(
        (step) => `write ${step}`,
      ),
    );
  });

  test('all fail if their commit fails, even those that only read', async () => {
    const recorder = new Recorder();
    const executor = new Executor(recorder, () => recorder.events.push('reload'));
    recorder.failing = true;
    recorder.submitTo(executor, 'a', writing(recorder, 'a', 2));
    recorder.submitTo(executor, 'b', reading());
    await executor.idle();
    expect(recorder.events).toEqual([
      'write a1',
      'rollback',
      'reload',
      'fail a OutOfDiskSpace',
      'fail b OutOfDiskSpace',
    ]);
    recorder.failing = false;
    recorder.submitTo(executor, 'c', writing(recorder, 'c'));
    await executor.idle();
    expect(recorder.events.slice(-2)).toEqual(['commit', 'reply c done']);
  });

  test('do not start if they are cancelled', async () => {
    const recorder = new Recorder();
    const executor = new Executor(recorder, () => {});
    recorder.submitTo(executor, 'gone', writing(recorder, 'gone'), true);
    await executor.idle();
    expect(recorder.events).toEqual(['fail gone Interrupted']);
  });

  test('are abandoned by a stop, and later commands are refused', async () => {
    const recorder = new Recorder();
    const executor = new Executor(recorder, () => {});
    recorder.submitTo(executor, 'endless', endless(recorder));
    const idle = executor.idle();
    setImmediate(() => executor.stop());
    await idle;
    recorder.submitTo(executor, 'late', reading());
    expect(recorder.events).toEqual([
      'released',
      'fail endless InterruptedAtShutdown',
      'fail late InterruptedAtShutdown',
    ]);
  });
});

// biome-ignore lint/correctness/useYield: this command needs only one step
function* reading(): CommandSteps {
  return Buffer.from('done');
}

function* endless(recorder: Recorder): CommandSteps {
  try {
    for (;;) yield;
  } finally {
    recorder.events.push('released');
  }
}
