/**
 * `npm run bench -- front-door`: what clients can do to the accounts of others, and what lists with filters
 * cost, as numbers. Each line has the figure from before it was mended beside the present one. Tests hold the
 * same cases without times (test/cloudvm).
 */

import { CloudVmProcess } from '../../test/cloudvm/front-door/support/cloudvm-process.ts';
import { type BeforeAndNow, printBeforeAndNow } from '../before-and-now.ts';
import { describeOptions, readOptions } from '../options.ts';
import { ScratchDirectory } from '../processes/scratch-directory.ts';
import type { Attempt } from './attempt.ts';
import { FILTERS } from './filters.ts';
import { LOGINS } from './logins.ts';
import { REGISTRATIONS } from './registrations.ts';
import { TOKENS } from './tokens.ts';

const ATTEMPTS: readonly Attempt[] = [...LOGINS, ...REGISTRATIONS, ...TOKENS, ...FILTERS];

export async function run(parameters: readonly string[]): Promise<void> {
  const { json, help } = readOptions(parameters, {});
  if (help) {
    process.stdout.write(describeOptions({}));
    return;
  }
  const rows: BeforeAndNow[] = [];
  for (const { item, what, before, settings, measure } of ATTEMPTS) {
    if (!json) process.stderr.write(`${item}: ${what}\n`);
    using directory = new ScratchDirectory();
    await using server = await CloudVmProcess.start(directory.path, {
      WORKERS: '8',
      TRUSTED_PROXIES: '127.0.0.1',
      ...settings,
    });
    rows.push({ item, what, before, now: await measure(server) });
  }
  printBeforeAndNow(rows, json);
}
