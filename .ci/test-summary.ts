/**
 * Names the tests that failed, and prints the sum of test runs as the last line. Each argument is the path of
 * a JSON report of vitest, or two with a comma between: that of a run, and that of its failed files, repeated
 * alone. A test that passes then has passed, but is named. A file that failed without a failed test (it does
 * not load, or its set-up throws) counts as one failure.
 *
 * With `--failed-files REPORT` it prints the paths of the files that failed, a line each, and nothing else.
 */
import { existsSync, readFileSync } from 'node:fs';

interface Report {
  readonly testResults: readonly FileResult[];
}

interface FileResult {
  /** The path of the file. */
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[];
  }[];
}

interface Failure {
  readonly file: string;
  /** Empty for the file itself. */
  readonly test: string;
  readonly message: string;
}

interface Sum {
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** Tests that failed, and passed when they were repeated alone. */
  readonly unsteady: readonly Failure[];
  readonly skipped: number;
}

function readReport(path: string): Report {
  const text = readFileSync(path, 'utf8');
  if (text === '') throw new Error(`${path} is empty: its tests did not start`);
  return JSON.parse(text);
}

function failuresOf({ testResults }: Report): Failure[] {
  return testResults.flatMap(({ name: file, status, message, assertionResults }) => {
    const failed = assertionResults.filter((assertion) => assertion.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [{ file, test: '', message }];
    return failed.map(({ fullName, failureMessages: [first = ''] }) => ({
      file,
      test: fullName,
      message: first,
    }));
  });
}

function sumOf(report: Report, repetition: Report | null): Sum {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const countOf = (status: string) => tests.filter((test) => test.status === status).length;
  const failures = failuresOf(report);
  const unsteady = repetition === null ? [] : failures.filter((failure) => passesIn(repetition, failure));
  const passed = countOf('passed');
  return {
    passed: passed + unsteady.length,
    failures: failures.filter((failure) => !unsteady.includes(failure)),
    unsteady,
    skipped: tests.length - passed - countOf('failed'),
  };
}

function passesIn({ testResults }: Report, { file, test }: Failure): boolean {
  const result = testResults.find(({ name }) => name === file);
  if (result === undefined) return false;
  if (test === '') return result.status === 'passed';
  return result.assertionResults.some(({ fullName, status }) => fullName === test && status === 'passed');
}

const lineOf = ({ file, test, message }: Failure) =>
  `${file}${test === '' ? '' : ` > ${test}`}: ${message.split('\n', 1)[0]}`;

function summarise(paths: readonly string[]): void {
  const sums = paths.map((path) => {
    const [first = '', again = ''] = path.split(',');
    return sumOf(readReport(first), existsSync(again) ? readReport(again) : null);
  });
  const failures = sums.flatMap((sum) => sum.failures);
  const unsteady = sums.flatMap((sum) => sum.unsteady);
  const lines = [
    ...unsteady.map((failure) => `passed only when it was repeated alone: ${lineOf(failure)}`),
    ...failures.map((failure) => `failed: ${lineOf(failure)}`),
  ];
  const passed = sums.reduce((total, sum) => total + sum.passed, 0);
  const skipped = sums.reduce((total, sum) => total + sum.skipped, 0);
  const skippedToo = skipped > 0 ? `, ${skipped} skipped` : '';
  process.stdout.write(
    [...lines, `tests: ${passed} passed, ${failures.length} failed${skippedToo}`, ''].join('\n'),
  );
  process.exitCode = failures.length > 0 ? 1 : 0;
}

const [, , ...parameters] = process.argv;
if (parameters[0] === '--failed-files') {
  const files = new Set(failuresOf(readReport(String(parameters[1]))).map(({ file }) => `${file}\n`));
  process.stdout.write([...files].join(''));
} else {
  summarise(parameters);
}
