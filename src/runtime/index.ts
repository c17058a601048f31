/**
 * What starts a server, for the main thread: `Server.start`, its settings, and the logger that it expects.
 * Applications use application.ts instead.
 */
export type { RuntimeLogger } from './server/runtime-logger.ts';
export { killProcess, Server, type ServerOptions, type ShutdownReport } from './server/server.ts';
export { RUNTIME_SETTINGS, type RuntimeSettings } from './settings.ts';
