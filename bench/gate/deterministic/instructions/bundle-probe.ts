/**
 * Makes one file of the probe and the sources of a tree. The probe is always that of this gate. So a commit
 * that knows nothing of the gate can be measured by it.
 */
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ROOT, type Tree } from '../../tree.ts';

/** What is taken from the tree under measurement. */
const MEASURED_FOLDERS = ['src', 'assembly'];
/** The only file that asks where it lies. It loads the core's module from there. */
const ASKS_WHERE_IT_IS = 'src/runtime/core/wasm/wasm-core.ts';

/** @throws Error if the tree lacks something that the probe measures */
export async function bundleProbe(tree: Tree, outputFile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'probe.ts')],
    outfile: outputFile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // As the server is bundled: constants are values then, not loads from memory.
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'silent',
    banner: {
      js: `import{createRequire as r}from'node:module';const require=r(${JSON.stringify(join(ROOT, 'package.json'))});`,
    },
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(tree.root, ASKS_WHERE_IT_IS)).href) },
    plugins: [
      {
        name: 'sources of the tree',
        setup({ onResolve }) {
          onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
            const fromRoot = relative(ROOT, join(resolveDir, path));
            const isMeasured = MEASURED_FOLDERS.some((folder) => fromRoot.startsWith(folder + sep));
            return isMeasured ? { path: join(tree.root, fromRoot) } : undefined;
          });
        },
      },
    ],
  });
}
