/** The log lines of the embedded database. They travel from its thread to whoever started it. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}
export type Log = (level: LogLevel, message: string, details?: Readonly<Record<string, unknown>>) => void;
