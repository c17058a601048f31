import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../../src/platform/invariant.ts';
import type { ConnectionTable } from '../../../../src/runtime/memory/connections/connection-table.ts';
import {
  generationOf,
  isClosed,
  ownerOf,
  stateOf,
} from '../../../../src/runtime/memory/connections/state-word.ts';
import { openConnectionTable } from '../../../../src/runtime/memory/open.ts';
import {
  STATE_FREE,
  STATE_IDLE,
  STATE_READY,
  STATE_RUNNING,
} from '../../../../src/runtime/memory/protocol.ts';
import { createShared } from '../threads/shared.ts';

const SLOT = 5;

function createTable() {
  const shared = createShared({ connections: 3 });
  return { shared, table: openConnectionTable(shared) };
}

/** A table whose connection 1 is in that state. */
function createAt(state: number): ConnectionTable {
  const { table } = createTable();
  if (state === STATE_FREE) return table;
  table.open(1, 1_000);
  if (state === STATE_IDLE) return table;
  table.makeReady(1);
  if (state === STATE_RUNNING) table.take(1, SLOT);
  return table;
}

const NAMES = ['FREE', 'IDLE', 'READY', 'RUNNING'];
const STATES = [STATE_FREE, STATE_IDLE, STATE_READY, STATE_RUNNING];

/** The states in which each operation is allowed. In any other state it is a bug. */
const ALLOWED: Record<string, { does: (table: ConnectionTable) => unknown; states: readonly number[] }> = {
  'main opens it for a client': { does: (table) => table.open(1, 0), states: [STATE_FREE] },
  'main frees its number': { does: (table) => table.release(1), states: [STATE_IDLE, STATE_RUNNING] },
  'main makes it READY': {
    does: (table) => table.makeReady(1),
    states: [STATE_IDLE, STATE_READY, STATE_RUNNING],
  },
  'main makes it IDLE': { does: (table) => table.makeIdle(1), states: [STATE_RUNNING] },
  'main answers for its owner': { does: (table) => table.disown(1), states: [STATE_RUNNING] },
  'main asks that it be run all the same': { does: (table) => table.setRequest(1, 8), states: [STATE_READY] },
  'main marks it as closed': { does: (table) => table.close(1), states: [STATE_READY, STATE_RUNNING] },
  'main moves its buffer': { does: (table) => table.setBuffer(1, 4_096), states: [STATE_IDLE] },
  'main replaces its content': { does: (table) => table.setContent(1, 10, 5), states: [STATE_IDLE] },
  'main appends to its content': {
    does: (table) => table.setLength(1, 10),
    states: [STATE_READY, STATE_RUNNING],
  },
  'main gives it new credit': {
    does: (table) => table.setCredit(1, 10),
    states: [STATE_IDLE, STATE_RUNNING],
  },
  'main extends its credit': {
    does: (table) => table.extendCredit(1, 10),
    states: [STATE_IDLE, STATE_READY, STATE_RUNNING],
  },
  'main notes when it is queued': {
    does: (table) => table.setQueuedAt(1, 1),
    states: [STATE_IDLE, STATE_READY, STATE_RUNNING],
  },
  'main takes when it was answered': {
    does: (table) => table.takeAnsweredAt(1),
    states: [STATE_IDLE, STATE_READY, STATE_RUNNING],
  },
  'main writes its peer': { does: (table) => table.setPeer(1, [1, 2, 3, 4]), states: [STATE_IDLE] },
  'its owner begins a request': { does: (table) => table.beginRequest(1, 10, 0), states: [STATE_RUNNING] },
  'its owner says since when a handler runs': {
    does: (table) => table.setHandlerSince(1, 10),
    states: [STATE_RUNNING],
  },
  'its owner keeps what the parser must remember': {
    does: (table) => table.saveResume(1, new Int32Array(64)),
    states: [STATE_RUNNING],
  },
  'its owner waits for credit': { does: (table) => table.setCreditWait(1), states: [STATE_RUNNING] },
};

describe('ConnectionTable', () => {
  test('an owner says when it has answered only if main times the turn, and main takes that once', () => {
    const { table } = createTable();
    table.open(1, 0);
    table.makeReady(1);
    table.take(1, 0);
    expect(() => table.setAnsweredAt(1, 7)).toThrow('Only main decides which turns are timed');
    table.setQueuedAt(1, 5);
    table.setAnsweredAt(1, 7);
    expect([table.queuedAt(1), table.takeAnsweredAt(1), table.takeAnsweredAt(1)]).toEqual([5, 7, 0]);
    table.setAnsweredAt(1, 9);
    table.setQueuedAt(1, 0);
    expect([table.queuedAt(1), table.takeAnsweredAt(1)]).toEqual([0, 0]);
  });

  test('a connection goes from FREE through IDLE, READY and RUNNING back to FREE', () => {
    const { table } = createTable();
    expect(stateOf(table.stateWord(1))).toBe(STATE_FREE);
    const generation = table.open(1, 1_000);
    expect(stateOf(table.stateWord(1))).toBe(STATE_IDLE);
    table.makeReady(1);
    expect(stateOf(table.stateWord(1))).toBe(STATE_READY);
    const word = table.take(1, SLOT);
    expect(word).toBe(table.stateWord(1));
    expect([stateOf(word), ownerOf(word), generationOf(word)]).toEqual([STATE_RUNNING, SLOT, generation]);
    table.makeIdle(1);
    expect(stateOf(table.stateWord(1))).toBe(STATE_IDLE);
    expect(ownerOf(table.stateWord(1))).toBe(0);
    table.release(1);
    expect(stateOf(table.stateWord(1))).toBe(STATE_FREE);
    expect(table.open(1, 1_000), 'the next client has another generation').not.toBe(generation);
  });

  test('a worker takes only a READY connection', () => {
    for (const state of [STATE_FREE, STATE_IDLE, STATE_RUNNING]) {
      expect(createAt(state).take(1, SLOT), NAMES[state]).toBe(0);
    }
  });

  test('CLOSED stays in the state word until the number gets another client', () => {
    const table = createAt(STATE_READY);
    expect(isClosed(table.close(1)), 'the word as it was').toBe(false);
    expect(isClosed(table.take(1, SLOT))).toBe(true);
    table.release(1);
    table.open(1, 0);
    expect(isClosed(table.stateWord(1))).toBe(false);
  });

  test('a connection whose owner hangs keeps owner and state under a new generation', () => {
    const table = createAt(STATE_RUNNING);
    const before = table.stateWord(1);
    const generation = table.disown(1);
    const after = table.stateWord(1);
    expect(generation).toBe(generationOf(before) + 1);
    expect([stateOf(after), ownerOf(after), generationOf(after)]).toEqual([STATE_RUNNING, SLOT, generation]);
  });

  test('the generation wraps around after 22 bits and does not change the rest of the word', () => {
    const { shared, table } = createTable();
    shared.words[shared.layout.connectionWord] = 0x3f_ffff << 10;
    expect(table.open(0, 0)).toBe(0);
    expect(table.stateWord(0)).toBe(STATE_IDLE);
  });

  describe.each(Object.entries(ALLOWED))('%s', (_name, { does, states }) => {
    test.each(STATES.filter((state) => states.includes(state)).map((state) => NAMES[state]))(
      'while it is %s',
      (name) => {
        const table = createAt(NAMES.indexOf(name ?? ''));
        expect(() => does(table)).not.toThrow();
      },
    );

    test.each(STATES.filter((state) => !states.includes(state)).map((state) => NAMES[state]))(
      'never while it is %s',
      (name) => {
        const table = createAt(NAMES.indexOf(name ?? ''));
        expect(() => does(table)).toThrow(InvariantError);
      },
    );
  });

  test('main frees the buffer of a closed connection before it frees its number', () => {
    const table = createAt(STATE_RUNNING);
    table.close(1);
    expect(() => table.setContent(1, 0, 0)).not.toThrow();
  });

  test('the content of a buffer only grows while a worker may read it', () => {
    const table = createAt(STATE_RUNNING);
    table.setLength(1, 10);
    expect(() => table.setLength(1, 9)).toThrow(InvariantError);
  });

  test('a number beyond the last connection is refused', () => {
    const { table } = createTable();
    for (const number of [-1, 3]) expect(() => table.open(number, 0), `${number}`).toThrow(InvariantError);
  });
});
