/**
 * schemathesis makes requests from the OpenAPI document, valid and invalid ones, and compares each answer
 * with it. It finds server errors, statuses that are not documented, answers that break their schema, invalid
 * data that is accepted, and routes that forget to ask for a token. `pip install schemathesis` installs it.
 */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CloudVmProcess } from '../cloudvm/front-door/support/cloudvm-process.ts';
import { needTool, runTool } from './support/tool.ts';

const RULES = join(import.meta.dirname, 'support/schemathesis.toml');
/** More find more: `SCHEMATHESIS_EXAMPLES=200 npm test -- test/clients/schemathesis.test.ts`, in minutes. */
const EXAMPLES = process.env['SCHEMATHESIS_EXAMPLES'] ?? '10';
const LONGEST_RUN_MS = 1_200_000;

it('schemathesis finds no violation of the OpenAPI document', {
  timeout: LONGEST_RUN_MS,
}, async (context) => {
  const schemathesis = needTool(context, 'schemathesis');
  await using data = await mkdtempDisposable(join(tmpdir(), 'cloudvm-schemathesis-'));
  await using server = await CloudVmProcess.start(data.path);
  const body = { email: 'ada@example.com', username: 'ada', password: 'not the one of the examples' };
  // With that one it would change the password or delete the account, and the token would be refused from
  // then on.
  const { json } = await server.ask('POST', '/api/auth/register', { body });
  const parameters = [
    ...['--config-file', RULES, 'run', `${server.url}/openapi.json`],
    // Without a filter, it leaves out the route of the document itself.
    ...['--include-operation-id-regex', '.'],
    ...['--header', `Authorization: Bearer ${json['token']}`, '--max-examples', EXAMPLES],
  ];
  const { stdout, stderr, code } = await runTool(schemathesis, parameters, '', LONGEST_RUN_MS);
  expect(code, stdout + stderr).toBe(0);
});
