/**
 * `node build/run.mjs [--make core|js] [options] script [arguments]`: runs a script of this repository on the
 * right Node.js, whichever Node.js and package manager have called it. With `--make` it first makes the core,
 * or the core and the bundle, if they are missing or stale. Every script of package.json goes through here.
 * It is plain JavaScript, because any Node.js from 18 on must be able to run it.
 *
 * The scripts that serve begin with `${npm_package_config_exec:-env} "${npm_node_execpath:-node}"`. For npm,
 * pnpm and yarn 1 the first is `exec`, so no shell stands between the package manager and the server, and a
 * SIGTERM reaches the server. The shell of yarn 4 has no `exec` and does not set the variable. There it is
 * `env`, which only runs the command. The second is the Node.js of the package manager. A plain `node` would
 * be a shell script with pnpm.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { become } from './become.mjs';
import { isBundleStale } from './bundle-digest.mjs';
import { isCoreStale } from './core-digest.mjs';
import { chooseNode, NoNodeError, thisMachine } from './find-node.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

async function main() {
  await leaveDebugger();
  const parameters = process.argv.slice(2);
  const product = parameters[0] === '--make' ? parameters.splice(0, 2)[1] : undefined;

  if (!existsSync(join(ROOT, 'node_modules')) && process.versions['pnp'] === undefined) {
    fail('The dependencies are not installed: run `npm ci` first.');
  }
  const { path, remark } = findNode();
  if (remark !== undefined) process.stderr.write(`${remark}\n`);
  if (product !== undefined && isStale(product)) make(path, product);
  become(path, parameters);
}

/** Where NODE_OPTIONS have --inspect, the port of the debugger is for the script. */
async function leaveDebugger() {
  // A Node.js that was built without an inspector has no such module.
  if (process.features.inspector) (await import('node:inspector')).close();
}

function findNode() {
  try {
    return chooseNode(thisMachine(ROOT));
  } catch (error) {
    if (error instanceof NoNodeError) fail(error.message);
    throw error;
  }
}

/** @param {string} product */
function isStale(product) {
  return isCoreStale(ROOT) || (product === 'js' && isBundleStale(ROOT));
}

/**
 * @param {string} node
 * @param {string} product
 */
function make(node, product) {
  const { status, error } = spawnSync(node, [join(ROOT, 'build/make.ts'), '--if-stale', product], {
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

await main();
