import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { BoundedOutput, MAX_PENDING } from '../../../src/platform/log-output/bounded-output.ts';

/** Takes a line only when it is told to. */
class Reader extends Writable {
  readonly lines: string[] = [];
  #taken: (() => void) | null = null;

  override _write(line: Buffer, _encoding: BufferEncoding, taken: () => void): void {
    this.lines.push(line.toString());
    this.#taken = taken;
  }

  readAll(): void {
    while (this.#taken !== null) {
      const taken = this.#taken;
      this.#taken = null;
      taken();
    }
  }
}

function outputTo(stream: Writable): BoundedOutput {
  return new BoundedOutput({ stream, droppedLine: (count) => `${count} dropped\n` });
}

async function settle(reader: Reader): Promise<void> {
  for (let length = -1; length !== reader.lines.length; ) {
    length = reader.lines.length;
    reader.readAll();
    await new Promise(setImmediate);
  }
}

const LONG_LINE = `${'x'.repeat(MAX_PENDING / 4)}\n`;

test('lines beyond the bound are dropped, and reported where they are missing', async () => {
  const reader = new Reader();
  const output = outputTo(reader);
  for (let line = 0; line < 10; line++) output.write(LONG_LINE);
  expect(reader.writableLength).toBeLessThanOrEqual(MAX_PENDING);
  await settle(reader);
  output.write('after\n');
  await settle(reader);
  expect(reader.lines).toEqual([LONG_LINE, LONG_LINE, LONG_LINE, '7 dropped\n', 'after\n']);
});

test('a line is kept that alone is longer than the bound', () => {
  const reader = new Reader();
  const line = LONG_LINE.repeat(5);
  outputTo(reader).write(line);
  expect(reader.lines).toEqual([line]);
});

test('a flush ends when everything is written', async () => {
  const reader = new Reader();
  const output = outputTo(reader);
  output.write('first\n');
  output.write('last\n');
  const flushed = output.flush(60_000);
  await settle(reader);
  await flushed;
  expect(reader.lines.slice(0, 2)).toEqual(['first\n', 'last\n']);
});

test('a flush does not wait for a reader that never reads', async () => {
  const output = outputTo(new Reader());
  output.write('unread\n');
  await output.flush(1);
});

test('a reader that has gone ends nothing', async () => {
  const reader = new Reader();
  const output = outputTo(reader);
  reader.destroy(new Error('write EPIPE'));
  await new Promise(setImmediate);
  output.write('for nobody\n');
  await output.flush(60_000);
  expect(reader.lines).toEqual([]);
});
