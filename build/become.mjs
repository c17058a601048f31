/**
 * Replaces this process by a script on another Node.js. The launcher and `npm run dev` use it. It is plain
 * JavaScript, because any Node.js from 18 on runs the launcher.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Signals that ask a process to do something. The others cannot be passed on, or concern only this process.
 */
const FORWARDED = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']);

/**
 * Replaces this process by the script if Node.js can do that. Then signals reach the script directly.
 * Elsewhere this process stays as the parent, passes signals on and ends as the script does.
 *
 * @param {string} node
 * @param {string[]} parameters
 */
export function become(node, parameters) {
  if (process.execve !== undefined) {
    process.execve(node, [node, ...parameters], process.env);
    return;
  }
  const child = spawn(node, parameters, { stdio: 'inherit' });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  endWithParent();
  child.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (code, signal) =>
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
}

/**
 * A terminal that closes ends the package manager by a SIGHUP to its process group. This process ends then
 * too, and so the server loses its parent and stops. See src/command/parent.ts, which does the same.
 */
function endWithParent() {
  let parent = process.ppid;
  setInterval(() => {
    parent = process.ppid;
  }, 1_000).unref();
  process.on('SIGHUP', () => {
    const noted = parent;
    const until = performance.now() + 1_000;
    const look = setInterval(() => {
      if (process.ppid !== noted) process.exit(128 + constants.signals.SIGHUP);
      if (performance.now() > until) clearInterval(look);
    }, 50);
  });
}
