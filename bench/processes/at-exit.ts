/**
 * What must happen when this process exits, however it does: processes are stopped, files removed. There is
 * one listener for all of it, because Node.js takes many listeners for a leak.
 */
const actions = new Set<() => void>();

process.once('exit', () => {
  for (const action of actions) action();
});

/** @returns a function that cancels it */
export function atExit(action: () => void): () => void {
  actions.add(action);
  return () => actions.delete(action);
}
