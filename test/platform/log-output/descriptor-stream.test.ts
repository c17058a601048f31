import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DescriptorStream } from '../../../src/platform/log-output/descriptor-stream.ts';
import { until } from '../../support/until.ts';

test.runIf(process.platform === 'linux')('lines that a full disk does not take are lost one by one', () => {
  const descriptor = openSync('/dev/full', 'w');
  let lost = 0;
  const stream = new DescriptorStream(descriptor, () => lost++);
  stream.write('one\n');
  stream.write('two\n');
  expect(lost).toBe(2);
  expect(stream.destroyed).toBe(false);
  closeSync(descriptor);
});

test.runIf(process.platform === 'linux')('a reader that pauses gets every line later, in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudvm-log-'));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  // Opened for reading and writing, it has a reader and can be opened without waiting (fifo(7)).
  const descriptor = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const stream = new DescriptorStream(descriptor, () => expect.unreachable());
  let expected = '';
  for (let number = 0; number < 20_000; number++) {
    const line = `line ${number} of the log\n`;
    stream.write(line);
    expected += line;
  }
  expect(stream.writableLength).toBeGreaterThan(0);
  let received = '';
  await until('all lines have come', () => {
    received += readWhatIsThere(descriptor);
    return received.length === expected.length;
  });
  expect(received).toBe(expected);
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

function readWhatIsThere(descriptor: number): string {
  const bytes = Buffer.alloc(1_048_576);
  try {
    return bytes.toString('latin1', 0, readSync(descriptor, bytes));
  } catch {
    return '';
  }
}
