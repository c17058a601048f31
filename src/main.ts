/**
 * The entry of the server. `npm start` serves the bundle of it, build/js/main.js. It checks the version of
 * Node.js before it loads the command. So it imports only what an old Node.js has too.
 */
import { nodeVersionProblem } from './platform/node-version.ts';

const problem = nodeVersionProblem(process.versions.node);
if (problem === undefined) {
  await import('./command/command.ts');
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
