/** One thread of the AtomicFlag stress: wins flags in a race, or follows a flag that another thread moves. */
import { parentPort, workerData } from 'node:worker_threads';
import { AtomicFlag } from '../../../../src/runtime/memory/synchronization/atomic-flag.ts';

export interface AtomicFlagTask {
  readonly task: 'race' | 'follow' | 'wait-until-set';
  readonly words: Int32Array;
  /**
   * Of this thread: race, where its wins are counted. Follow, whether it moves the flag to set or to clear.
   */
  readonly thread: number;
  readonly rounds: number;
}

const { task, words, thread, rounds } = workerData as AtomicFlagTask;
const PATIENCE_MS = 30_000;

if (task === 'race') {
  // Words 0 to rounds - 1 are flags, the words behind them count the wins of each thread.
  for (let round = 0; round < rounds; round++) {
    if (!new AtomicFlag(words, round).testAndSet()) Atomics.add(words, rounds + thread, 1);
  }
} else if (task === 'follow') {
  // Two threads hand the flag back and forth. Each waits for the other's change.
  const flag = new AtomicFlag(words, 0);
  const waitsFor = thread === 0;
  for (let round = 0; round < rounds; round++) {
    while (flag.isSet() !== waitsFor) {
      if (!flag.wait(PATIENCE_MS, !waitsFor)) throw new Error(`lost wake-up in round ${round}`);
    }
    if (waitsFor) flag.clear();
    else flag.set();
  }
} else {
  const flag = new AtomicFlag(words, 0);
  parentPort?.postMessage('waiting');
  parentPort?.postMessage(flag.wait(PATIENCE_MS, false) && flag.isSet());
}
