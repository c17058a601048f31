import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compileRoutes, loadApplication } from '../../../src/runtime/http/application.ts';
import { ApplicationError } from '../../../src/runtime/http/application-errors.ts';

const fixture = (name: string) => new URL(`./fixtures/${name}.ts`, import.meta.url);
const ignoreErrors = () => {};

test('an application is loaded by path, URL or URL text, and its routes are compiled', async () => {
  const url = fixture('complete');
  for (const path of [url, url.href, fileURLToPath(url)]) {
    const application = await loadApplication(path);
    expect(application.start).toBeTypeOf('function');
    expect(application.stop).toBeUndefined();
    expect(compileRoutes(application, ignoreErrors).routes).toEqual([{ method: 'GET', path: '/health' }]);
  }
});

test.each([
  ['without-routes', 'ERR_APPLICATION_SHAPE', 'must export a function routes(router)'],
  ['wrong-start', 'ERR_APPLICATION_SHAPE', 'export start'],
  ['throws', 'ERR_APPLICATION_LOAD', 'cannot even begin'],
  ['missing', 'ERR_APPLICATION_LOAD', 'missing.ts'],
])('%s: %s', async (name, code, message) => {
  const loading = loadApplication(fixture(name));
  await expect(loading).rejects.toThrow(ApplicationError);
  await expect(loading).rejects.toMatchObject({ code });
  await expect(loading).rejects.toThrow(message);
});

test('a relative path to an application is refused, because its base is unknown', async () => {
  await expect(loadApplication('./app.ts')).rejects.toThrow('must be absolute');
});

test('routes() that returns a promise is refused', async () => {
  const application = await loadApplication(fixture('asynchronous-routes'));
  expect(() => compileRoutes(application, ignoreErrors)).toThrow('must be synchronous');
});
