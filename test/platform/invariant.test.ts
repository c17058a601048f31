import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { InvariantError, invariant } from '../../src/platform/invariant.ts';

const MODULE = new URL('../../src/platform/invariant.ts', import.meta.url).href;
const BREAK_A_RULE = `
  import { invariant } from ${JSON.stringify(MODULE)};
  try { invariant(false, 'A rule.'); console.log('ignored'); } catch (error) { console.log(error.code); }`;

async function breakARule(environment: Record<string, string>): Promise<string> {
  const arguments_ = ['--input-type=module', '--eval', BREAK_A_RULE];
  const { VITEST: _VITEST, CORE: _CORE, ...rest } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
    env: { ...rest, ...environment },
  });
  return stdout.trim();
}

test('a broken invariant throws an error with its sentence while tests run', () => {
  expect(() => invariant(false, 'A rule.')).toThrow(new InvariantError('A rule.'));
  expect(() => invariant(true, 'A rule.')).not.toThrow();
});

test.each([
  { environment: { CORE: 'verify' }, outcome: 'ERR_INVARIANT' },
  { environment: { VITEST: 'true' }, outcome: 'ERR_INVARIANT' },
  { environment: { CORE: 'wasm' }, outcome: 'ignored' },
  { environment: {}, outcome: 'ignored' },
])('with $environment a broken rule is $outcome', async ({ environment, outcome }) => {
  expect(await breakARule(environment)).toBe(outcome);
});
