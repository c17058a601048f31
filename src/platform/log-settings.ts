/** The settings of the log. Every room writes to it. */
import { oneOf } from './settings/parsers.ts';
import type { SettingsGroup } from './settings/settings.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LogSettings {
  readonly logLevel: LogLevel;
}

export const LOG_SETTINGS: SettingsGroup<LogSettings> = {
  declarations: {
    logLevel: {
      name: 'LOG_LEVEL',
      fallback: 'info',
      parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      about:
        'The least severe lines that are logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
    },
  },
  contradictions: () => [],
};
