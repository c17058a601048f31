/** The application of the soak: the test application, and the memory of the worker that answers. */
import { getHeapStatistics } from 'node:v8';
import { threadId } from 'node:worker_threads';
import type { Router } from '../../src/runtime/application.ts';
import { routes as echoRoutes } from '../../test/fixtures/echo-app.ts';

export function routes(router: Router): void {
  echoRoutes(router);
  router.get('/heap', (_request, response) => {
    const { used_heap_size, external_memory } = getHeapStatistics();
    response.json({ worker: threadId, heapBytes: used_heap_size, externalBytes: external_memory });
  });
}
