/** What the contract says of every route. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '../../src/cloudvm/contract/routes.ts';
import { CloudVm } from './front-door/support/cloudvm.ts';

let cloudVm: CloudVm;

beforeAll(async () => {
  cloudVm = await CloudVm.open();
});
afterAll(() => cloudVm[Symbol.asyncDispose]());

const ID = '0'.repeat(24);
const PATHS = new Map<string, string[]>();
for (const { path, method } of ROUTES) {
  PATHS.set(path, [...(PATHS.get(path) ?? []), method.toUpperCase()]);
}

describe.each([...PATHS])('%s', (path, methods) => {
  const target = path.replace(/:\w+/g, ID);

  test('tells its methods to OPTIONS, without a token', async () => {
    const { status, headers } = await cloudVm.http.ask('OPTIONS', target);
    expect(status).toBe(204);
    const expected = [...methods, 'OPTIONS', ...(methods.includes('GET') ? ['HEAD'] : [])];
    expect(headers['allow']?.split(', ')).toEqual(expect.arrayContaining(expected));
  });

  test('answers another method with 405 and the methods that it has', async () => {
    const { status, headers, json } = await cloudVm.http.ask('TRACE', target);
    expect({ status, type: json['type'] }).toEqual({ status: 405, type: '/problems/method-not-allowed' });
    expect(headers['allow']?.split(', ')).toEqual(expect.arrayContaining(methods));
  });
});

test.each(ROUTES.filter(({ access }) => access === 'user'))(
  '$operationId without a token is 401',
  async ({ method, path }) => {
    const target = path.replace(/:\w+/g, ID);
    const { status, headers } = await cloudVm.http.ask(method.toUpperCase(), target);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toMatch(/^Bearer /);
  },
);

test.each(ROUTES.filter(({ method, operationId }) => method === 'get' && operationId !== 'streamEvents'))(
  'HEAD of $operationId has the status of GET',
  async ({ path }) => {
    const token = await cloudVm.register();
    const target = path.replace(/:\w+/g, ID);
    const get = await cloudVm.http.ask('GET', target, { token });
    expect((await cloudVm.http.ask('HEAD', target, { token })).status).toBe(get.status);
  },
);
