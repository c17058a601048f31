import { describe, expect, test } from 'vitest';
import { nodeVersionProblem } from '../../src/platform/node-version.ts';

describe('the command', () => {
  test.each(['24.7.0', '24.10.1', '26.0.0', '30.1.2'])('runs on Node.js %s', (version) => {
    expect(nodeVersionProblem(version)).toBeUndefined();
  });

  test.each(['18.20.8', '20.20.2', '24.6.0'])('names the version it needs on Node.js %s', (version) => {
    expect(nodeVersionProblem(version)).toBe(
      `CloudVM backend needs Node.js 26, but this is ${version}: use a newer one, or \`npm start\`, which brings its own.`,
    );
  });
});
