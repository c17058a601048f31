/**
 * `node test/conformance/main.ts http://127.0.0.1:5001 [--only TEXT] [--every-byte]`: the conformance cases
 * against any server that serves the test application (APP=test/fixtures/echo-app.ts). Prints what fails and
 * the counts.
 */

import { parseArgs } from 'node:util';
import { loadCases } from './case.ts';
import { countByGroup, describeFailures, isFailure, runCases } from './runner.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' }, 'every-byte': { type: 'boolean', default: false } },
});
const [target] = positionals;
if (target === undefined || !URL.canParse(target)) {
  console.error('usage: node test/conformance/main.ts http://HOST:PORT [--only TEXT] [--every-byte]');
  process.exit(2);
}

const { hostname, port } = new URL(target);
const { only } = values;
const cases = loadCases().filter(({ id, group }) => id.includes(only) || group === only);
const verdicts = await runCases(
  cases,
  { host: hostname, port: Number(port || 80) },
  values['every-byte'] ? 'every byte' : 'whole',
);
const failed = verdicts.filter(isFailure).length;
if (failed > 0) console.log(describeFailures(verdicts));
console.log(`${verdicts.length - failed} passed, ${failed} failed: ${countByGroup(verdicts)}`);
process.exitCode = failed === 0 ? 0 : 1;
