/** The application of `npm run bench -- faults`: the test application, and what else the faults need. */
import type { Router } from '../src/runtime/application.ts';
import { routes as echoRoutes } from '../test/fixtures/echo-app.ts';

export function routes(router: Router): void {
  echoRoutes(router);
  router.get('/too-late', (_request, response) => {
    setTimeout(() => response.json({}), 1);
  });
  router.get('/until-aborted', async (request, response) => {
    await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()));
    console.log(`aborted at ${Date.now()}`);
    response.json({});
  });
  router.get('/flood', (_request, response) => response.stream(flood(), 'application/octet-stream'));
}

async function* flood(): AsyncGenerator<Uint8Array> {
  const piece = Buffer.alloc(8_192, 'x');
  for (;;) yield piece;
}
