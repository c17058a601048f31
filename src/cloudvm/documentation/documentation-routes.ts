/**
 * Registers the routes that explain the API. They load what they need when they are first asked: most workers
 * never are, and the schemas would weigh on each.
 */
import type { Handler, Router } from '../../runtime/application.ts';
import { DOCS_FILE_PATH } from './service-routes.ts';

export function registerDocumentation(router: Router): void {
  router.get(
    '/',
    onDemand(async () => (await import('./pages/start-page.ts')).getStart),
  );
  router.get(
    '/openapi.json',
    onDemand(async () => (await import('./pages/openapi-controller.ts')).getOpenApi),
  );
  router.get(
    '/docs',
    onDemand(async () => (await import('./pages/docs-page.ts')).getDocs),
  );
  router.get(
    DOCS_FILE_PATH,
    onDemand(async () => (await import('./pages/docs-files.ts')).getDocsFile),
  );
  router.get(
    '/problems',
    onDemand(async () => (await import('./pages/problem-pages.ts')).listProblems),
  );
  router.get(
    '/problems/:name',
    onDemand(async () => (await import('./pages/problem-pages.ts')).getProblem),
  );
}

/** @param load the module system remembers what it has loaded */
function onDemand<Name extends string>(load: () => Promise<Handler<Name>>): Handler<Name> {
  return async (request, response) => (await load())(request, response);
}
