/** The methods of a logger that the runtime uses. Pino's has this shape (src/platform/log.ts). */
export interface RuntimeLogger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export const SILENT_LOGGER: RuntimeLogger = { debug() {}, info() {}, warn() {}, error() {} };
