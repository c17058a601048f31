/**
 * The entry of a worker in the bundle, build/js/worker.js.
 *
 * An application outside the bundle may import values from src/runtime/application.ts. A second copy of the
 * runtime would have other classes: an HttpProblem of one copy is none to the other. So that import is
 * answered with the bundle's own application.js, whether or not the sources are there.
 */
import { registerHooks } from 'node:module';
import { workerData } from 'node:worker_threads';
import type { WorkerStart } from '../../src/runtime/worker/messages.ts';

const INTERFACE = new URL('./application.js', import.meta.url).href;
/** Seen from build/js, where this file is when it runs. */
const SOURCE_OF_INTERFACE = new URL('../../src/runtime/application.ts', import.meta.url).href;
const OWN_APPLICATION = new URL('./cloudvm.js', import.meta.url).href;

process.setSourceMapsEnabled(true);
const start: WorkerStart = workerData;
if (start.application !== OWN_APPLICATION) shareInterface();

await import('../../src/runtime/worker/main.ts');

function shareInterface(): void {
  registerHooks({
    resolve(specifier, context, resolveNext) {
      if (isInterface(specifier, context.parentURL)) return { url: INTERFACE, shortCircuit: true };
      const resolved = resolveNext(specifier, context);
      // A link may lead there under another name.
      return resolved.url === SOURCE_OF_INTERFACE ? { url: INTERFACE, shortCircuit: true } : resolved;
    },
  });
}

function isInterface(specifier: string, parent: string | undefined): boolean {
  return URL.canParse(specifier, parent) && new URL(specifier, parent).href === SOURCE_OF_INTERFACE;
}
