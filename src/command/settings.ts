/**
 * All settings of the command `npm start`: those of the server, of the CloudVM application and of the log.
 * Each room declares its own. The main thread reads them once at the start. A mistake in any of them ends the
 * start.
 */
import { CLOUDVM_SETTINGS, type CloudVmSettings } from '../cloudvm/index.ts';
import { LOG_SETTINGS, type LogSettings } from '../platform/log-settings.ts';
import { type Environment, joinGroups, readSettings, type Setting } from '../platform/settings/settings.ts';
import { RUNTIME_SETTINGS, type RuntimeSettings } from '../runtime/index.ts';

export interface AllSettings extends RuntimeSettings, CloudVmSettings, LogSettings {}

const ALL = joinGroups(joinGroups(RUNTIME_SETTINGS, CLOUDVM_SETTINGS), LOG_SETTINGS);

/** Every declaration, in the order of the documentation. */
export const DECLARATIONS: readonly Setting<unknown>[] = Object.values<Setting<unknown>>(ALL.declarations);

/** @throws SettingsError that lists all mistakes */
export function loadSettings(environment: Environment): AllSettings {
  return readSettings(ALL, environment);
}
