/**
 * `npm run fuzz -- --seconds N [--seed S]`: fuzzes both cores for a while and prints what it found, each with
 * the smallest input. Exit code 1 when there is a finding. Single-threaded. Run several with different seeds.
 */

import { parseArgs } from 'node:util';
import { Fuzzer } from './fuzzer.ts';

const INPUTS_BETWEEN_LOOKS_AT_THE_CLOCK = 1000;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz -- --seconds N [--seed S]');
  process.exit(2);
}

console.log(`fuzzing for ${seconds} s, seed ${seed}`);
const fuzzer = new Fuzzer(seed);
const startedAt = performance.now();
const elapsed = (): number => (performance.now() - startedAt) / 1000;
while (elapsed() < seconds) fuzzer.run(INPUTS_BETWEEN_LOOKS_AT_THE_CLOCK);

const rate = Math.round(fuzzer.executions / elapsed());
const parseRate = Math.round(fuzzer.parses / elapsed());
console.log(
  `${fuzzer.executions} inputs (${rate} a second), ${fuzzer.parses} parses (${parseRate} a second), ${fuzzer.found.length} findings`,
);
for (const { finding, input } of fuzzer.found) {
  console.log(`\n${finding.message}\n  input: ${JSON.stringify(Buffer.from(input).toString('latin1'))}`);
}
process.exitCode = fuzzer.found.length === 0 ? 0 : 1;
