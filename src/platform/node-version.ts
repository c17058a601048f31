/**
 * Which Node.js the compiled server needs. The command checks this before it loads anything else. Otherwise
 * an older Node.js would fail with a stack trace about the first feature that it lacks.
 */

/** `engines` in package.json says the same. */
export const LEAST_NODE_MAJOR = 26;
/** The first version that has all that the server uses. Scripts fall back to it, see build/find-node.mjs. */
const OLDEST_TRIED = [24, 7] as const;

/** @returns what is wrong, as a sentence for a person, or undefined */
export function nodeVersionProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = OLDEST_TRIED;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return (
    `CloudVM backend needs Node.js ${LEAST_NODE_MAJOR}, but this is ${version}: ` +
    'use a newer one, or `npm start`, which brings its own.'
  );
}
