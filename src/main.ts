/**
 * The entry: `npm start`, or `node build/js/src/main.js`. It loads the command only on a Node.js that can run
 * it. Until then it imports nothing that an old one lacks.
 */
import { nodeVersionProblem } from './platform/node-version.ts';

const problem = nodeVersionProblem(process.versions.node);
if (problem === undefined) {
  await import('./command/command.ts');
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
