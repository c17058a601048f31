/**
 * Prints the sum of test runs as one line. It gets the paths of the JSON reports of vitest. A file that
 * failed without a failed test (it does not load, or its set-up throws) counts as one failure.
 */
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

interface Sum {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function sumOf(path: string): Sum {
  const text = readFileSync(path, 'utf8');
  if (text === '') throw new Error(`${path} is empty: its tests did not start`);
  const report: Report = JSON.parse(text);
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function add(one: Sum, other: Sum): Sum {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

const [, , ...paths] = process.argv;
const { passed, failed, skipped } = paths.map(sumOf).reduce(add);
const skippedToo = skipped > 0 ? `, ${skipped} skipped` : '';
process.stdout.write(`tests: ${passed} passed, ${failed} failed${skippedToo}\n`);
process.exitCode = failed > 0 ? 1 : 0;
