/**
 * Bundles src/ and the packages that it needs into a few files of plain JavaScript, with source maps. They
 * need neither the sources nor node_modules. Called by make.ts.
 *
 * All files lie in one folder. Code that several entries need is in chunks that they share, so a thread loads
 * each module once. Two forms of source text name a file at run time, and both are rewritten to the name that
 * the file has in the bundle:
 *
 *  - `new URL('…', import.meta.url)`: the entry of a thread, or a file that is copied
 *  - `require('…')`: a package that is loaded only when it is needed
 */
import { copyFileSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec';
import type { OnLoadArgs, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin } from 'esbuild';

/** The oldest Node.js that runs the sources, as in find-node.mjs. */
const TARGET = 'node24.7';

/** Each becomes a file of this name. */
const ENTRIES = {
  main: 'build/entries/main.ts',
  worker: 'build/entries/worker.ts',
  'database-thread': 'build/entries/database-thread.ts',
  cloudvm: 'src/cloudvm/application.ts',
  application: 'src/runtime/application.ts',
  mongodb: 'build/entries/mongodb.ts',
  'pino-pretty': 'build/entries/pino-pretty.ts',
  re2js: 'build/entries/re2js.ts',
};

const SWAGGER_UI = 'node_modules/swagger-ui-dist';

/** What is copied, and its name in the bundle. The licences go with what is not ours. */
const COPIED: Readonly<Record<string, string>> = {
  'build/core.wasm': 'core.wasm',
  [`${SWAGGER_UI}/swagger-ui-bundle.js`]: 'swagger-ui-bundle.js',
  [`${SWAGGER_UI}/swagger-ui-bundle.js.LICENSE.txt`]: 'swagger-ui-bundle.js.LICENSE.txt',
  [`${SWAGGER_UI}/swagger-ui.css`]: 'swagger-ui.css',
  [`${SWAGGER_UI}/LICENSE`]: 'swagger-ui.LICENSE.txt',
  [`${SWAGGER_UI}/NOTICE`]: 'swagger-ui.NOTICE.txt',
};

/** What the sources name by URL, and its name in the bundle. */
const NAMES: Readonly<Record<string, string>> = {
  'src/runtime/worker/main.ts': 'worker.js',
  'src/embedded-mongodb/thread/thread.ts': 'database-thread.js',
  'src/cloudvm/application.ts': 'cloudvm.js',
  ...COPIED,
};

const NAMED_BY_URL = /(?<=new URL\(')([^']+)(?=', import\.meta\.url\))/g;
const REQUIRED = /(?<=\brequire\(')([^']+)(?='\))/g;

/**
 * Modules that packages load at once and seldom use, or never: the driver needs `http` to log in to cloud
 * services, `tls` for encrypted connections, and `tr46` for hosts in other alphabets. In the bundle they are
 * loaded at their first use. That takes 2 MB and 20 ms of processor time off each worker.
 */
const LAZY = /^(?:http|tls|tr46)$/;

const LAZY_NAMESPACE = 'lazy';

/** Packages in CommonJS call it for the modules of Node.js. */
const REQUIRE = "import{createRequire as r}from'node:module';const require=r(import.meta.url);";

/**
 * @param root of the repository
 * @throws the error of esbuild, after esbuild has printed it
 */
export async function bundle(root: string, outputFolder: string): Promise<void> {
  const { build } = await import('esbuild');
  const { runtimeDigest } = await import('../src/runtime/code-digest.ts');
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: outputFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: TARGET,
    chunkNames: '[name]-[hash]',
    banner: { js: REQUIRE },
    // Every isolate holds the text. Names stay as they are, since some of them are seen at run time.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    define: { BUNDLED_RUNTIME_DIGEST: JSON.stringify(runtimeDigest()) },
    plugins: [plugin(root)],
  });
  for (const file of globSync('*.map', { cwd: outputFolder })) leaveOutPackages(join(outputFolder, file));
  for (const [path, name] of Object.entries(COPIED)) copyFileSync(join(root, path), join(outputFolder, name));
}

function plugin(root: string): Plugin {
  return {
    name: 'cloudvm',
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, (file) => loadSource(root, file));
      build.onResolve({ filter: LAZY }, resolveLazy);
      build.onLoad({ filter: LAZY, namespace: LAZY_NAMESPACE }, loadLazy);
    },
  };
}

async function loadSource(root: string, { path }: OnLoadArgs): Promise<OnLoadResult> {
  const text = await readFile(path, 'utf8');
  const contents = text
    .replace(NAMED_BY_URL, (target) => `./${nameOf(relative(root, resolve(dirname(path), target)), path)}`)
    .replace(REQUIRED, (name) => `./${lazyEntry(name, path)}`);
  return { contents, loader: 'ts' };
}

function resolveLazy({ path, kind, namespace, resolveDir }: OnResolveArgs): OnResolveResult | undefined {
  if (kind !== 'require-call' || namespace === LAZY_NAMESPACE) return undefined;
  return { path, namespace: LAZY_NAMESPACE, pluginData: resolveDir };
}

function loadLazy({ path, pluginData }: OnLoadArgs): OnLoadResult {
  const contents = `module.exports = new Proxy({}, { get: (_, name) => require('${path}')[name] });`;
  return { contents, loader: 'js', resolveDir: pluginData };
}

function nameOf(target: string, file: string): string {
  const name = NAMES[target.replaceAll('\\', '/')];
  if (name === undefined) throw new Error(`${basename(file)} names ${target}, which is not in the bundle`);
  return name;
}

function lazyEntry(name: string, file: string): string {
  if (!Object.hasOwn(ENTRIES, name)) {
    throw new Error(`${basename(file)} requires ${name}, which has no entry in the bundle`);
  }
  return `${name}.js`;
}

/**
 * Every thread reads the maps. With the packages they would be larger than the bundle, and a stack within a
 * package helps nobody who has no sources of it.
 */
function leaveOutPackages(path: string): void {
  const map: { sources: string[]; mappings: string } = JSON.parse(readFileSync(path, 'utf8'));
  const isOfPackage = map.sources.map((source) => source.includes('node_modules'));
  const lines = decode(map.mappings).map((segments) =>
    segments.map((segment) => withoutSource(segment, isOfPackage)).filter(isFirstOfRun),
  );
  writeFileSync(path, JSON.stringify({ ...map, mappings: encode(lines) }));
}

function withoutSource(segment: SourceMapSegment, isOfPackage: readonly boolean[]): SourceMapSegment {
  const [column, source] = segment;
  return source !== undefined && isOfPackage[source] ? [column] : segment;
}

function isFirstOfRun(segment: SourceMapSegment, index: number, line: readonly SourceMapSegment[]): boolean {
  return segment.length > 1 || line[index - 1]?.length !== 1;
}
