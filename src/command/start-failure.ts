/** Says in a sentence why the server could not start, with the setting to change. Used by the command. */
import type { AllSettings } from './settings.ts';

export function explainStartFailure(error: unknown, settings: AllSettings): string {
  if (!(error instanceof Error)) return String(error);
  // Closing failed too. The error that led to the closing comes first.
  if (error instanceof SuppressedError) return explainStartFailure(error.suppressed, settings);
  const { host, port } = settings;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is taken; choose another with PORT`;
    case 'EACCES':
      return `port ${port} on ${host} is not allowed to this user; choose another with PORT`;
    case 'ENOTFOUND':
      return `${host} is not known as a host; see HOST`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine; see HOST`;
    default:
      return error.message;
  }
}
