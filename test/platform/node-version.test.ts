import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OLDEST } from '../../build/find-node.mjs';
import { LEAST_NODE_MAJOR, nodeVersionProblem } from '../../src/platform/node-version.ts';

describe('the command', () => {
  test('runs on the oldest Node.js that the scripts fall back to, and names the one of package.json', () => {
    expect(nodeVersionProblem(OLDEST)).toBeUndefined();
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(engines.node).toBe(`>=${LEAST_NODE_MAJOR}`);
  });

  test.each(['24.7.0', '24.10.1', '26.0.0', '30.1.2'])('runs on Node.js %s', (version) => {
    expect(nodeVersionProblem(version)).toBeUndefined();
  });

  test.each(['18.20.8', '20.20.2', '24.6.0'])('names the version it needs on Node.js %s', (version) => {
    expect(nodeVersionProblem(version)).toBe(
      `CloudVM backend needs Node.js 26, but this is ${version}: use a newer one, or \`npm start\`, which brings its own.`,
    );
  });
});
