import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MEMORY = new URL('../../../src/runtime/memory/', import.meta.url).href;
const NAME_ALL = `
  const { computeLayout, allocateMemory, viewMemory } = await import('${MEMORY}layout.ts');
  const open = await import('${MEMORY}open.ts');
  const sizes = { workers: 1, connections: 1, inboundBytes: 4096, ringBytes: 4096, coreBytes: 64 };
  const layout = computeLayout(sizes);
  const shared = viewMemory(allocateMemory(layout), layout);
  console.log(Object.values(open).map((openOne) => openOne(shared, 0).constructor.name).sort().join(' '));`;

async function namesWith(environment: Record<string, string>): Promise<string[]> {
  const { VITEST: _VITEST, CORE: _CORE, ...rest } = process.env;
  const env = { ...rest, ...environment };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', NAME_ALL],
    { env },
  );
  return stdout.trim().split(' ');
}

test('the structures of the shared memory are checked with CORE=verify and plain otherwise', async () => {
  const plain = await namesWith({ CORE: 'wasm' });
  expect(plain).toHaveLength(8);
  expect(plain.filter((name) => name.startsWith('Checked'))).toEqual([]);
  expect(await namesWith({ CORE: 'verify' })).toEqual(plain.map((name) => `Checked${name}`));
});
