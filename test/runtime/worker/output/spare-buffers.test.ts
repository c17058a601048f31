import { describe, expect, test } from 'vitest';
import { SpareBuffers } from '../../../../src/runtime/worker/output/spare-buffers.ts';

const KB = 1_024;

describe('SpareBuffers', () => {
  test.each<[string, (text: string) => string | Uint8Array]>([
    ['text', (text) => text],
    ['bytes', (text) => Buffer.from(text, 'latin1')],
  ])('a copy of %s holds what comes from the start on', (_name, form) => {
    const spares = new SpareBuffers();
    for (const length of [0, 1, 16 * KB, 16 * KB + 1, 1_024 * KB, 1_024 * KB + 1]) {
      const text = 'one\xe9'.repeat(length / 4 + 1).slice(0, length);
      for (const start of new Set([0, Math.min(3, length), length])) {
        using copy = spares.copy(form(text), start);
        expect(Buffer.from(copy.bytes).toString('latin1')).toBe(text.slice(start));
      }
    }
  });

  test('copies that are in use at the same time share no memory', () => {
    const spares = new SpareBuffers();
    const copies = Array.from({ length: 8 }, (_, number) => spares.copy(`${number}`.repeat(100 * KB), 0));
    for (const [number, { bytes }] of copies.entries())
      expect(Buffer.from(bytes).toString()).toBe(`${number}`.repeat(100 * KB));
  });

  test('a large buffer that is given back is used again', () => {
    const spares = new SpareBuffers();
    const buffers = Array.from({ length: 10 }, () => {
      using copy = spares.copy('x'.repeat(100 * KB), 0);
      return copy.bytes.buffer;
    });
    expect(new Set(buffers).size).toBe(1);
  });
});
