import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Check, type Outcome, verdictOf } from '../../../bench/gate/check.ts';
import { toJson } from '../../../bench/gate/reports/json.ts';
import { toJunit } from '../../../bench/gate/reports/junit.ts';
import { toMarkdown } from '../../../bench/gate/reports/markdown.ts';
import { brokenPromises, verdictLine } from '../../../bench/gate/reports/terminal.ts';
import { writeReports } from '../../../bench/gate/reports/write.ts';

function check(outcome: Outcome, name: string = outcome): Check {
  return {
    group: 'one <request>',
    name,
    outcome,
    found: '3 calls',
    promise: 'at most 2 calls',
    because: 'two | are "enough"',
    data: { value: 3 },
  };
}

const MIXED = verdictOf([check('pass'), check('fail'), check('undecided'), check('skipped')]);

describe('the verdict', () => {
  test('is fail as soon as one promise is broken', () => {
    expect(MIXED.outcome).toBe('fail');
  });

  test('is undecided if something is undecided and nothing broken', () => {
    expect(verdictOf([check('pass'), check('undecided')]).outcome).toBe('undecided');
  });

  test('is pass if what could be measured is kept', () => {
    expect(verdictOf([check('pass'), check('skipped')]).outcome).toBe('pass');
  });
});

describe('the reports', () => {
  test('name each broken promise and its reason', () => {
    expect(verdictLine(MIXED)).toBe('gate: fail (1 pass, 1 fail, 1 undecided, 1 skipped)');
    expect(brokenPromises(MIXED)).toEqual([
      'broken: one <request>: fail: 3 calls. Promised: at most 2 calls, since two | are "enough".',
    ]);
  });

  test('are JSON with the numbers and the machine', () => {
    const read = JSON.parse(toJson(MIXED));
    expect(read).toMatchObject({ format: 1, outcome: 'fail', machine: { node: process.versions.node } });
    expect(read.checks[1]).toEqual(check('fail'));
  });

  test('are JUnit XML in which only a broken promise is a failure', () => {
    const xml = toJunit(MIXED);
    expect(xml).toContain('<testsuites name="benchmark gate" tests="4" failures="1" skipped="2">');
    expect(xml.match(/<testcase /g)).toHaveLength(4);
    expect(xml.match(/<failure /g)).toHaveLength(1);
    expect(xml).toContain('<skipped message="undecided: 3 calls.');
  });

  test('are XML that holds whatever a name holds', () => {
    const xml = toJunit(verdictOf([check('fail', 'a\u0000b & "c" <d>')]));
    expect(xml).toContain('name="a b &amp; &quot;c&quot; &lt;d&gt;"');
    expect(xml).toContain('classname="gate.one &lt;request&gt;"');
  });

  test('are Markdown that begins with what is broken and escapes what names hold', () => {
    const markdown = toMarkdown(MIXED);
    const [first] = markdown.split('\n').filter((line) => line.startsWith('| ❌'));
    expect(first).toBe('| ❌ **fail** | fail | 3 calls | at most 2 calls | two \\| are "enough" |');
    expect(markdown).toContain('<details><summary>one &lt;request>: 4 checks</summary>');
  });

  test('are written to the files that were asked for, and appended to the page of the job', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gate-reports-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const page = join(folder, 'page.md');
    const files = { json: join(folder, 'new/gate.json'), junit: join(folder, 'new/gate.xml') };
    writeReports(MIXED, files, page);
    writeReports(MIXED, {}, page);
    expect(read('new/gate.json')).toBe(toJson(MIXED));
    expect(read('new/gate.xml')).toBe(toJunit(MIXED));
    expect(read('page.md')).toBe(toMarkdown(MIXED).repeat(2));
  });
});
