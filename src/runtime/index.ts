/**
 * What starts a server: `Server.start`, its settings, and what it wants of a logger. For the main thread. What
 * an application is written against is application.ts.
 */
export type { RuntimeLogger } from './server/runtime-logger.ts';
export { killProcess, Server, type ServerOptions, type ShutdownReport } from './server/server.ts';
export { RUNTIME_SETTINGS, type RuntimeSettings } from './settings.ts';
