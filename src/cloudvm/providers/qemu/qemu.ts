/** Makes the provider that runs VMs with QEMU, if this host can. Loaded where PROVIDERS names `qemu`. */
import { join } from 'node:path';
import { DATA_DIRECTORY } from '../../../platform/settings/data-directory.ts';
import { joinGroups, readSettings, type SettingsGroup } from '../../../platform/settings/settings.ts';
import { runCommand } from './command.ts';
import { QEMU, QMP_SOCKET } from './machine.ts';
import { QemuProvider } from './qemu-provider.ts';
import { QEMU_SETTINGS } from './qemu-settings.ts';

/** The first that takes snapshots on command. */
const MINIMUM_VERSION = 6;
const CHECK_TIMEOUT_MS = 10_000;
/** Of an address of a unix socket on Linux, without the zero at its end. */
const MAX_SOCKET_PATH_BYTES = 107;
const SAMPLE_ID = '0'.repeat(24);

const DATA_SETTINGS: SettingsGroup<{ readonly dataDirectory: string }> = {
  declarations: { dataDirectory: DATA_DIRECTORY },
  contradictions: () => [],
};
const SETTINGS = joinGroups(DATA_SETTINGS, QEMU_SETTINGS);

/** @throws Error that says what the host lacks */
export async function createQemuProvider(environment: Readonly<NodeJS.ProcessEnv>): Promise<QemuProvider> {
  const { dataDirectory, qemuDirectory, qemuBaseImage, qemuPowerdownTimeoutMs } = readSettings(
    SETTINGS,
    environment,
  );
  const directory = qemuDirectory ?? join(dataDirectory, 'qemu');
  if (process.platform !== 'linux') throw new Error('it needs Linux');
  requireShortPath(directory);
  await Promise.all([requireVersion(QEMU), requireVersion('qemu-img')]);
  return QemuProvider.open({
    directory,
    baseImage: qemuBaseImage,
    powerdownTimeoutMs: qemuPowerdownTimeoutMs,
  });
}

function requireShortPath(directory: string): void {
  const longest = MAX_SOCKET_PATH_BYTES - Buffer.byteLength(join('/', SAMPLE_ID, QMP_SOCKET));
  if (Buffer.byteLength(directory) <= longest) return;
  throw new Error(`QEMU_DIR must name a directory with a path of at most ${longest} bytes, not ${directory}`);
}

async function requireVersion(command: string): Promise<void> {
  const answer = await runCommand(command, ['--version'], AbortSignal.timeout(CHECK_TIMEOUT_MS));
  const version = /version (\d+)/.exec(answer)?.[1];
  if (Number(version) >= MINIMUM_VERSION) return;
  throw new Error(`${command} must have version ${MINIMUM_VERSION} or later, not ${version ?? 'none'}`);
}
