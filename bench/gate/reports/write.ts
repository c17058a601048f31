/** Writes the reports that were asked for. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Verdict } from '../check.ts';
import { toJson } from './json.ts';
import { toJunit } from './junit.ts';
import { toMarkdown } from './markdown.ts';

/** Paths of files. */
export interface ReportFiles {
  readonly json?: string | undefined;
  readonly junit?: string | undefined;
  readonly summary?: string | undefined;
}

/**
 * @param jobSummary the page of the job of GitHub Actions (GITHUB_STEP_SUMMARY), to which steps append
 * @throws Error if a file cannot be written
 */
export function writeReports(verdict: Verdict, files: ReportFiles, jobSummary: string | undefined): void {
  if (files.json !== undefined) write(files.json, toJson(verdict));
  if (files.junit !== undefined) write(files.junit, toJunit(verdict));
  if (files.summary !== undefined) write(files.summary, toMarkdown(verdict));
  if (jobSummary !== undefined && jobSummary !== '') appendFileSync(jobSummary, toMarkdown(verdict));
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
