/**
 * What must happen when this process exits, however it does: processes are stopped, files removed. There is
 * one listener for all of it, because Node.js takes many listeners for a leak.
 */
const actions = new Set<() => void>();

process.once('exit', () => {
  // The newest first: a process has ended before the directory is removed in which it writes.
  for (const action of [...actions].toReversed()) {
    try {
      action();
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    }
  }
});

/** @returns a function that cancels it */
export function atExit(action: () => void): () => void {
  actions.add(action);
  return () => actions.delete(action);
}
