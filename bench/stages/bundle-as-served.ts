/**
 * Makes one file of a script and what it imports, with the settings of the bundle that is served
 * (build/bundle.ts). Without them, each constant of another module is a load from memory, which costs the
 * JavaScript core up to a sixth of its instructions and the WebAssembly core nothing.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** The only file that asks where it lies. It loads the core's module from there. */
const ASKS_WHERE_IT_IS = join(import.meta.dirname, '../../src/runtime/core/wasm/wasm-core.ts');

export async function bundleAsServed(script: string, outputFile: string): Promise<void> {
  await build({
    entryPoints: [script],
    outfile: outputFile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
    banner: {
      js: `import{createRequire as r}from'node:module';const require=r(${JSON.stringify(import.meta.url)});`,
    },
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(ASKS_WHERE_IT_IS).href) },
  });
}
