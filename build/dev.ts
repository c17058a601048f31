/**
 * `npm run dev`: serves, and starts again whenever a source changes. It watches the sources of this
 * repository and the folder of the application, wherever APP says that it is.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { become } from './become.mjs';

const ROOT = join(import.meta.dirname, '..');

const watched = [join(ROOT, 'src'), join(ROOT, 'assembly'), ...applicationFolder(process.env['APP'])];
const watch = watched.map((folder) => `--watch-path=${folder}`);
become(process.execPath, [...watch, join(import.meta.dirname, 'dev-server.ts')]);

function applicationFolder(application: string | undefined): string[] {
  if (application === undefined || application === '') return [];
  return [dirname(application.startsWith('file:') ? fileURLToPath(application) : resolve(application))];
}
