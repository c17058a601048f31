/**
 * The environment variables that a process under test inherits, so that no setting of the machine reaches it.
 */

const INHERITED = ['PATH', 'CORE', 'NODE_COMPILE_CACHE'];

export function inheritedEnvironment(): Readonly<Record<string, string>> {
  const { env } = process;
  return Object.fromEntries(
    INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}
