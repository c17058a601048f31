/**
 * Makes what `cloudvm-backend/client` consists of: one file of plain JavaScript, and its declarations, which
 * need neither the sources nor any package but undici. Called by make.ts.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The oldest Node.js that undici runs on. */
const TARGET = 'node22.19';
const COMPILER = 'node_modules/typescript/bin/tsc';
const COMPILER_OPTIONS = [
  ...['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--allowImportingTsExtensions'],
  ...['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--skipLibCheck'],
  ...['--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,esnext', '--types', 'node'],
];
const IMPORTED_SOURCE = /(?<=\bfrom '\.[^']*)\.ts(?=')/g;

/**
 * @param root of the repository
 * @param outputFolder below the root, so that its packages are found
 * @throws the error of esbuild, or an Error with the words of the compiler
 */
export async function makeClientFiles(root: string, outputFolder: string): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: ['src/client/index.ts'],
    outfile: join(outputFolder, 'index.js'),
    bundle: true,
    external: ['undici'],
    format: 'esm',
    platform: 'node',
    target: TARGET,
  });
  await makeDeclarations(root, outputFolder);
}

/** The sources of the client are compiled against the types that were written out, which checks those. */
async function makeDeclarations(root: string, outputFolder: string): Promise<void> {
  const { clientTypes } = await import('./client-types.ts');
  const sources = join(outputFolder, 'sources');
  const contract = join(sources, 'cloudvm/contract');
  mkdirSync(contract, { recursive: true });
  cpSync(join(root, 'src/client'), join(sources, 'client'), { recursive: true });
  cpSync(join(root, 'src/cloudvm/contract/routes.ts'), join(contract, 'routes.ts'));
  writeFileSync(join(contract, 'client-contract.ts'), clientTypes());

  const types = join(outputFolder, 'types');
  const entry = join(sources, 'client/index.ts');
  const parameters = [...COMPILER_OPTIONS, '--rootDir', sources, '--outDir', types, entry];
  const { status, error, stdout } = spawnSync(process.execPath, [join(root, COMPILER), ...parameters], {
    cwd: root,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`The client does not compile:\n${stdout}`);
  rmSync(sources, { recursive: true });
  for (const file of globSync('**/*.d.ts', { cwd: types })) nameDeclarations(join(types, file));
}

/** Older compilers do not find `x.d.ts` under the name `./x.ts`. */
function nameDeclarations(path: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(IMPORTED_SOURCE, '.js'));
}
