/** The settings of the provider that runs VMs with QEMU. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { boundedInteger, type ParseProblem, wrong } from '../../../platform/settings/parsers.ts';
import type { SettingsGroup } from '../../../platform/settings/settings.ts';

/** A call of the provider must end in time (qemu-provider.ts). */
const MAX_POWERDOWN_MS = 180_000;

export interface QemuSettings {
  /** Absolute path. undefined: `qemu` in the data directory. */
  readonly qemuDirectory: string | undefined;
  /** Absolute path. undefined: new disks are empty. */
  readonly qemuBaseImage: string | undefined;
  readonly qemuPowerdownTimeoutMs: number;
}

export const QEMU_SETTINGS: SettingsGroup<QemuSettings> = {
  declarations: {
    qemuDirectory: {
      name: 'QEMU_DIR',
      fallback: undefined,
      fallbackText: '`qemu` in `DATA_DIR`',
      parse: (text) => resolve(text),
      about: 'The directory of the VMs that QEMU runs, with `PROVIDERS=local=qemu`.',
    },
    qemuBaseImage: {
      name: 'QEMU_BASE_IMAGE',
      fallback: undefined,
      fallbackText: 'none: disks are empty',
      parse: existingFile,
      about: 'The disk image that new VMs of QEMU begin with. It must stay, unchanged.',
    },
    qemuPowerdownTimeoutMs: {
      name: 'QEMU_POWERDOWN_TIMEOUT_MS',
      fallback: 30_000,
      parse: boundedInteger(0, MAX_POWERDOWN_MS),
      about: 'Time for the system in a VM of QEMU to shut down, before the VM is switched off.',
    },
  },
  contradictions: () => [],
};

function existingFile(text: string): string | ParseProblem {
  const path = resolve(text);
  try {
    return statSync(path).isFile() ? path : wrong('must be a file', text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return wrong(`must be a file that this user can find (${reason})`, text);
  }
}
