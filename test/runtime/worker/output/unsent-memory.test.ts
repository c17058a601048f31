import { describe, expect, test } from 'vitest';
import { openWorkerWords } from '../../../../src/runtime/memory/open.ts';
import { UnsentMemory } from '../../../../src/runtime/worker/output/unsent-memory.ts';
import { MainSide } from '../support/main-side.ts';

const MB = 1_048_576;

describe('UnsentMemory', () => {
  test('memory for unsent responses is bounded for all workers together', () => {
    const { shared } = new MainSide();
    const [one, other] = [0, 1].map((slot) => new UnsentMemory(openWorkerWords(shared, slot), 1, () => 0));
    expect(one?.hold(0.7 * MB)).not.toBeNull();
    expect(other?.hold(0.4 * MB), 'too much together').toBeNull();
    expect(other?.hold(0.2 * MB)).not.toBeNull();
  });

  test('memory for unsent responses can be held again when it was given back', () => {
    const { words } = new MainSide();
    const memory = new UnsentMemory(words, 1, () => 0);
    const held = memory.hold(MB);
    expect(memory.hold(MB)).toBeNull();
    held?.[Symbol.dispose]();
    expect(words.unsentKilobytesOfAll).toBe(0);
    expect(memory.hold(MB)).not.toBeNull();
  });

  test('a small response always finds room, but is counted too', () => {
    const { words } = new MainSide();
    const memory = new UnsentMemory(words, 1, () => 0);
    memory.hold(MB);
    expect(memory.hold(16_384)).not.toBeNull();
    expect(memory.hold(16_385)).toBeNull();
    expect(words.unsentKilobytesOfAll).toBe(1_024 + 16);
  });
});
